import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reservedTableNames } from "../../../core/manifest/tables.ts";
import type { WriteShape } from "../../../core/messages/statement.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { batch, entry, openCopy } from "./copies.ts";
import { table, text } from "./schemas.ts";

/** Every operation of the product on a table with these names. */
async function operate(store: Store, name: string, column: string): Promise<unknown> {
  const where = { op: "in", column, param: 0 } as const;
  const write = async (shape: WriteShape, ...rows: readonly (readonly (string | readonly string[])[])[]) => {
    const position = store.applied.position + 1;
    await store.apply([entry(position, batch(position, [{ shape, rows }]))]);
  };
  const columns = ["id", column];
  await write({ kind: "insert", table: name, columns }, ["a", "1"], ["b", "2"], ["c", "3"]);
  await write({ kind: "insert", table: name, columns, onConflict: "update" }, ["a", "4"]);
  await write({ kind: "update", table: name, set: [column], where: { ...where, param: 1 } }, ["5", ["2"]]);
  await write({ kind: "delete", table: name, where }, [["3"]]);
  const { sql } = store.compiled.read({ kind: "select", table: name, columns: "*", where });
  const params = JSON.stringify([[["4", "5"]], [["5"]]]);
  const [row] = await store.readers.quickly({ limitMs: 10_000 }, (connection) => connection.all(sql, params));
  return row?.body;
}

const names = (store: Store) =>
  store.writer.all(
    `SELECT DISTINCT lower(name) AS name FROM (
       SELECT name FROM pragma_function_list UNION SELECT name FROM pragma_module_list)
     WHERE name GLOB '[A-Za-z_]*' AND name NOT GLOB '*[^A-Za-z0-9_]*' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
  );
const own = [
  "row",
  "body",
  "request",
  "value",
  "key",
  "excluded",
  "rowid",
  "select",
  "table",
  "order",
  "main",
  "temp",
];
const functions = [
  "json_each",
  "json_tree",
  "jsonb_each",
  "jsonb_tree",
  "pragma_table_info",
  "generate_series",
];

describe("names of tables and columns", () => {
  it("meet nothing in the SQL around them", { timeout: 120_000 }, async (t) => {
    const probe = await openCopy(t);
    const known = (await names(probe)).map((row) => String(row.name));
    const all = [...new Set([...own, ...functions, ...known])].filter(
      (name) => !reservedTableNames.has(name),
    );
    const tables = all.map((name) => table(name, [text("id"), text(name === "id" ? "x" : name)], ["id"]));
    const store = await openCopy(t, { tables });
    for (const name of all) {
      const column = name === "id" ? "x" : name;
      const said = await operate(store, name, column);
      const rows = [`{"id":"a","${column}":"4"}`, `{"id":"b","${column}":"5"}`];
      assert.equal(said, `2 [${rows.join(",")}]\n1 [${rows[1]}]`, name);
    }
  });

  it("a copy that an earlier version gave a table of a taken name goes on", async (t) => {
    const store = await openCopy(t, { tables: [table("JSON_Each", [text("id"), text("v")], ["id"])] });
    assert.equal(
      await operate(store, "JSON_Each", "v"),
      '2 [{"id":"a","v":"4"},{"id":"b","v":"5"}]\n1 [{"id":"b","v":"5"}]',
    );
  });
});
