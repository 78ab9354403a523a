import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Param, WriteShape } from "../../../core/messages/statement.ts";
import { writeRows } from "../../../worker/copy/effects.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { clearSql, type TableShape, writeSql } from "../../../worker/sql/shape-sql.ts";
import { openCopy } from "./copies.ts";
import { integer, shop, table, text } from "./schemas.ts";

const insert = (table: string, columns: readonly string[], onConflict?: "update"): TableShape =>
  onConflict === undefined
    ? { kind: "insert", table, columns }
    : { kind: "insert", table, columns, onConflict };

const write = (store: Store, shape: TableShape, ...rows: readonly (readonly Param[])[]) =>
  writeRows(store.writer, store.compiled, shape, rows);

const names = async (store: Store) =>
  (await store.writer.all("SELECT name, age FROM people ORDER BY name")).map((row) => [row.name, row.age]);

describe("a write", () => {
  it("inserts any number of rows at once", async (t) => {
    const store = await openCopy(t, shop);
    const shape = insert("people", ["name", "age"]);
    assert.deepEqual(await write(store, shape, ["ada", 36], ["bob", null]), { rowsAffected: 2 });
    assert.deepEqual(await names(store), [
      ["ada", 36],
      ["bob", null],
    ]);
  });

  it("answers the keys that a table counted, in the order of the rows", async (t) => {
    const store = await openCopy(t, shop);
    const shape = insert("orders", ["item"]);
    assert.deepEqual(await write(store, shape, ["tea"], ["milk"]), { rowsAffected: 2, ids: [1, 2] });
    assert.deepEqual(await write(store, shape, ["rice"]), { rowsAffected: 1, ids: [3] });
  });

  it("an upsert replaces the values of a row with its key", async (t) => {
    const store = await openCopy(t, shop);
    const shape = insert("people", ["name", "age"], "update");
    await write(store, shape, ["ada", 36]);
    assert.deepEqual(await write(store, shape, ["ada", 37], ["bob", 1]), { rowsAffected: 2 });
    assert.deepEqual(await names(store), [
      ["ada", 37],
      ["bob", 1],
    ]);
  });

  it("an upsert of a key alone changes nothing that is there", async (t) => {
    const store = await openCopy(t, shop);
    await write(store, insert("people", ["name", "age"]), ["ada", 36]);
    assert.deepEqual(await write(store, insert("people", ["name"], "update"), ["ada"]), { rowsAffected: 0 });
    assert.deepEqual(await names(store), [["ada", 36]]);
  });

  it("updates and deletes by a condition", async (t) => {
    const store = await openCopy(t, shop);
    await write(store, insert("people", ["name", "age"]), ["ada", 36], ["bob", 41], ["eve", 50]);
    const where = { op: ">", column: "age", param: 1 } as const;
    const update = { kind: "update", table: "people", set: ["age"], where } as const;
    assert.deepEqual(await write(store, update, [0, 40]), { rowsAffected: 2 });
    const gone = {
      kind: "delete",
      table: "people",
      where: { op: "=", column: "age", param: 0 },
    } as const;
    assert.deepEqual(await write(store, gone, [0]), { rowsAffected: 2 });
    assert.deepEqual(await names(store), [["ada", 36]]);
  });

  it("deletes by a condition that has no parameters", async (t) => {
    const store = await openCopy(t, shop);
    await write(store, insert("people", ["name", "age"]), ["ada", 36], ["bob", null]);
    const gone = { kind: "delete", table: "people", where: { op: "isNull", column: "age" } } as const;
    assert.deepEqual(await write(store, gone, []), { rowsAffected: 1 });
    assert.deepEqual(await names(store), [["ada", 36]]);
  });

  for (const [what, shape, row, error] of [
    ["a second row with one key", insert("people", ["name"]), ["ada"], { kind: "unique", column: "name" }],
    [
      "a second row with one value of a unique column",
      insert("people", ["name", "mail"]),
      ["x", "a@x"],
      { kind: "unique", column: "mail" },
    ],
    ["null where none may be", insert("orders", ["item"]), [null], { kind: "notNull", column: "item" }],
    ["a reference to nothing", insert("buyers", ["order", "name"]), [9, "ada"], { kind: "foreignKey" }],
    ["a text for an integer", insert("people", ["name", "age"]), ["y", "old"], { kind: "type" }],
    ["a number for a boolean", insert("people", ["name", "active"]), ["y", 2], { kind: "type" }],
  ] as const)
    it(`refuses ${what}, and says which column where SQLite knows`, async (t) => {
      const store = await openCopy(t, shop);
      await write(store, insert("people", ["name", "mail"]), ["ada", "a@x"]);
      await assert.rejects(write(store, shape as TableShape, row), { name: "ConstraintError", ...error });
    });

  it("a deleted parent takes its children along, or is refused, as the schema says", async (t) => {
    const store = await openCopy(t, shop);
    await write(store, insert("people", ["name"]), ["ada"]);
    await write(store, insert("orders", ["item"]), ["tea"]);
    await write(store, insert("buyers", ["order", "name"]), [1, "ada"]);
    const gone = (of: string, column: string): TableShape => ({
      kind: "delete",
      table: of,
      where: { op: "=", column, param: 0 },
    });
    await assert.rejects(write(store, gone("people", "name"), ["ada"]), { kind: "foreignKey" });
    assert.deepEqual(await write(store, gone("orders", "id"), [1]), { rowsAffected: 1 });
    assert.deepEqual(await store.writer.all("SELECT * FROM buyers"), []);
  });

  it("names what it does not know, and a column named twice", () => {
    assert.throws(() => writeSql(shop, insert("pepole", ["name"])), {
      code: "unknown_table",
      field: "table",
    });
    assert.throws(() => writeSql(shop, insert("people", ["name", "x"])), { field: "columns[1]" });
    assert.throws(() => writeSql(shop, insert("people", ["name", "name"])), {
      code: "bad_request",
      field: "columns[1]",
    });
    const where = { op: "const", value: true } as const;
    assert.throws(() => writeSql(shop, { kind: "update", table: "people", set: ["x"], where }), {
      field: "set.x",
    });
  });
});

describe("clear", () => {
  const rows = async (store: Store, name: string) =>
    (await store.writer.all(`SELECT * FROM "${name}"`)).length;

  it("empties every table whatever refers to it, and goes on counting where it was", async (t) => {
    const store = await openCopy(t, shop);
    await write(store, insert("people", ["name"]), ["ada"]);
    await write(store, insert("orders", ["item"]), ["tea"]);
    await write(store, insert("buyers", ["order", "name"]), [1, "ada"]);
    await store.writer.exec(clearSql(shop));
    for (const { name } of shop.tables) assert.equal(await rows(store, name), 0);
    assert.deepEqual((await write(store, insert("orders", ["item"]), ["milk"])).ids, [2]);
  });

  const refers = (to: string, onDelete: "restrict" | "cascade") =>
    text("of", { references: { table: to, column: "a", onDelete } });
  const key = text("a", { notNull: true });

  for (const onDelete of ["restrict", "cascade"] as const) {
    it(`empties a table whose rows refer to one another (${onDelete})`, async (t) => {
      const schema = { tables: [table("t", [key, refers("t", onDelete)], ["a"])] };
      const store = await openCopy(t, schema);
      await write(store, insert("t", ["a", "of"]), ["x", null], ["y", "x"], ["b", "y"]);
      await store.writer.exec(clearSql(schema));
      assert.equal(await rows(store, "t"), 0);
    });

    it(`empties two tables that refer to each other (${onDelete})`, async (t) => {
      const schema = {
        tables: [
          table("p", [key, refers("q", onDelete), integer("n")], ["a"]),
          table("q", [key, refers("p", onDelete)], ["a"]),
        ],
      };
      const store = await openCopy(t, schema);
      await write(store, insert("p", ["a"]), ["1"]);
      await write(store, insert("q", ["a", "of"]), ["2", "1"]);
      const update: WriteShape = {
        kind: "update",
        table: "p",
        set: ["of"],
        where: { op: "const", value: true },
      };
      await write(store, update, ["2"]);
      await store.writer.exec("BEGIN IMMEDIATE");
      await store.writer.exec(clearSql(schema));
      await assert.rejects(write(store, insert("q", ["a", "of"]), ["3", "nobody"]), { kind: "foreignKey" });
      await store.writer.exec("COMMIT");
      assert.deepEqual([await rows(store, "p"), await rows(store, "q")], [0, 0]);
    });
  }
});
