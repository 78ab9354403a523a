import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ManifestError } from "../../../../core/manifest/manifest.ts";
import { parseManifest } from "../../../../core/manifest/parse.ts";
import { migrate } from "../../../../core/rules/migration.ts";
import { planMigration } from "../../../../core/rules/migration-plan.ts";
import { emptySchema, type Schema, type Table } from "../../../../core/schema.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { clearSql } from "../../../../worker/sql/shape-sql.ts";
import { runs } from "../../../support/runs.ts";
import { contentsOf, entry, marker, openCopy, withUndoing } from "../copies.ts";
import { Migrating } from "../migrating.ts";
import { integer, shop, table, text } from "../schemas.ts";

const key = text("a", { notNull: true });
const schema = (...tables: Schema["tables"]): Schema => ({ tables });
const codes = (...indexes: NonNullable<Table["indexes"]>) =>
  table("p", [key, text("code")], ["a"], indexes.length > 0 ? { indexes } : {});

async function migrated(t: Parameters<typeof openCopy>[0], want: Schema) {
  const store = await openCopy(t);
  await store.apply([entry(0, marker(1))]);
  const migrating = new Migrating(store, want);
  await migrating.settle();
  return { store, migrating };
}

describe("a master's migrations", () => {
  it("make all that is missing in one commit, and then nothing more", async (t) => {
    const { store, migrating } = await migrated(t, shop);
    assert.deepEqual(store.schema, shop);
    assert.equal(migrating.records.length, 1);
    assert.equal(await migrating.settle(1e9), 0);
    assert.deepEqual(migrating.reports, [{ schema: shop, failed: [] }]);
  });

  it("make indexes whose names once met, and tables that are named like an index", async (t) => {
    const indexes = [
      { columns: ["b_c"] },
      { columns: ["b", "c"] },
      { columns: ["b"], unique: true },
      { columns: ["b_unique"] },
    ];
    const columns = [key, text("b"), text("c"), text("b_c"), text("b_unique")];
    const want = schema(
      table("t", columns, ["a"], { indexes }),
      table("t_by_b_c", [key], ["a"], { indexes: [{ columns: ["a"] }] }),
    );
    const { store } = await migrated(t, want);
    assert.deepEqual(store.schema, want);
    const made = await store.writer.all("SELECT 1 FROM sqlite_schema WHERE sql LIKE 'CREATE%INDEX \"%'");
    assert.equal(made.length, 5);
  });

  it("carry out everything beside what the data refuses, and that as soon as the data allows it", async (t) => {
    const { store, migrating } = await migrated(t, schema(codes()));
    await store.writer.exec("INSERT INTO p VALUES ('x', 'same'), ('y', 'same')");
    migrating.want = schema(
      codes({ columns: ["code"], unique: true }),
      table(
        "c",
        [key, text("p", { references: { table: "p", column: "code", onDelete: "cascade" } })],
        ["a"],
      ),
      table("other", [key], ["a"]),
    );
    await migrating.settle();
    assert.deepEqual(
      store.schema.tables.map(({ name, indexes }) => [name, indexes?.length ?? 0]),
      [
        ["p", 0],
        ["other", 0],
      ],
    );
    assert.deepEqual(migrating.report?.failed, [
      { what: "unique index on p (code)", reason: "UNIQUE constraint failed: p.code" },
    ]);
    await store.writer.exec("DELETE FROM p WHERE a = 'y'");
    assert.equal(await migrating.settle(29_999), 0);
    assert.ok((await migrating.settle(1)) > 0);
    assert.deepEqual(store.schema.tables.map(({ name }) => name).sort(), ["c", "other", "p"]);
    assert.deepEqual(migrating.report?.failed, []);
  });

  it("tell what the data goes on refusing once", async (t) => {
    const { store, migrating } = await migrated(t, schema(codes()));
    await store.writer.exec("INSERT INTO p VALUES ('x', 'same'), ('y', 'same')");
    migrating.want = schema(codes({ columns: ["code"], unique: true }));
    await migrating.settle();
    const told = migrating.reports.length;
    for (let i = 0; i < 3; i++) assert.equal(await migrating.settle(60_000), 1);
    assert.equal(migrating.reports.length, told);
    assert.equal(migrating.records.length, 1);
  });

  it("try at once again what the data refused when the manifest changes", async (t) => {
    const { store, migrating } = await migrated(t, schema(codes()));
    await store.writer.exec("INSERT INTO p VALUES ('x', 'same'), ('y', 'same')");
    migrating.want = schema(codes({ columns: ["code"], unique: true }));
    await migrating.settle();
    await store.writer.exec("DELETE FROM p WHERE a = 'y'");
    migrating.want = schema(codes({ columns: ["code"], unique: true }));
    await migrating.settle();
    assert.equal(store.schema.tables[0]?.indexes?.length, 1);
  });

  it("try again what met a full disk, every few seconds", async (t) => {
    const { store, migrating } = await migrated(t, schema(codes()));
    const pages = (await store.writer.all("PRAGMA page_count"))[0]?.page_count;
    await store.writer.exec(`PRAGMA max_page_count = ${pages}`);
    const many = Array.from({ length: 40 }, (_, i) =>
      table(`t${i}`, [key, integer("n", { unique: true })], ["a"]),
    );
    migrating.want = schema(codes(), ...many);
    await migrating.settle();
    assert.match(migrating.report?.failed[0]?.reason ?? "", /no room left/);
    assert.ok(store.schema.tables.length < 41);
    await store.writer.exec("PRAGMA max_page_count = 100000");
    assert.equal(await migrating.settle(4_999), 0);
    await migrating.settle(1);
    assert.equal(store.schema.tables.length, 41);
    assert.deepEqual(migrating.report?.failed, []);
  });

  it("refuse what a table of an older name scheme stands in the way of, and go on with the rest", async (t) => {
    const { store, migrating } = await migrated(t, schema(codes()));
    await store.writer.exec('CREATE INDEX "p_by_code" ON p (code)');
    migrating.want = schema(codes(), table("p_by_code", [key], ["a"]), table("q", [key], ["a"]));
    await migrating.settle();
    assert.deepEqual(
      store.schema.tables.map(({ name }) => name),
      ["p", "q"],
    );
    assert.equal(migrating.report?.failed[0]?.what, "table p_by_code");
  });
});

// --- any two manifests -----------------------------------------------------------------------------------------------

const names = ["t", "t", "u", "u", "v", "T", "t_by_b", "rollback", "row"] as const;
const columnNames = ["a", "b", "B", "c", "b_c", "b_unique", "value"] as const;
const plainColumn = fc.record(
  {
    name: fc.constantFrom(...columnNames),
    type: fc.constantFrom("text", "text", "integer", "real", "boolean"),
    notNull: fc.boolean(),
    unique: fc.boolean(),
    default: fc.constantFrom(
      ...[null, "it's", "", 0, -0, 1.5, true],
      ...[Number.POSITIVE_INFINITY, Number.NaN, "\0", "\ud800"],
    ),
  },
  { requiredKeys: ["name", "type"] },
);
const referringColumn = fc.record({
  name: fc.constantFrom("c", "value"),
  type: fc.constantFrom("text", "text", "integer"),
  references: fc.record({
    table: fc.constantFrom("t", "u", "v"),
    column: fc.constantFrom("a", "b", "b"),
    onDelete: fc.constantFrom("cascade", "restrict"),
  }),
});
const pointedColumn = fc.record({
  name: fc.constant("b"),
  type: fc.constant("text"),
  unique: fc.boolean(),
});
const anyColumn = fc.oneof(plainColumn, referringColumn, pointedColumn);
const anyTable = fc
  .record({
    name: fc.constantFrom(...names),
    counted: fc.constantFrom(true, false, false),
    columns: fc.uniqueArray(anyColumn, { maxLength: 4, selector: ({ name }) => name }),
    indexes: fc.array(
      fc.record({
        columns: fc.uniqueArray(fc.constantFrom(...columnNames), { minLength: 1, maxLength: 2 }),
        unique: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ name, counted, columns, indexes }) => ({
    name,
    primaryKey: ["a"],
    columns: [
      counted ? { name: "a", type: "integer", autoIncrement: true } : { name: "a", type: "text" },
      ...columns.filter((column) => column.name !== "a"),
    ],
    indexes,
  }));

interface TableText {
  readonly name: string;
  readonly columns: readonly unknown[];
  readonly indexes: readonly unknown[];
}

const without = <T>(list: readonly T[], i: string | undefined): readonly T[] =>
  list.filter((_, j) => j !== Number(i));

/** What `apply` accepts of it: what the manifest's checks refuse is taken out, as an operator would. */
function accepted(tables: readonly TableText[]): Schema {
  let left = tables;
  for (;;) {
    try {
      const spec = { database: { tables: left } };
      return parseManifest(
        `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: t }\nspec: ${flow(spec)}\n`,
      ).spec.database;
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      const [problem] = error.problems;
      assert.ok(problem !== undefined && problem.line >= 1 && problem.column >= 1);
      const at = /^spec\.database\.tables\[(\d+)\](?:\.(columns|indexes)\[(\d+)\])?/.exec(problem.path);
      assert.ok(at, problem.path);
      const [, i, part, j] = at;
      left =
        part === "columns" || part === "indexes"
          ? left.map((one, n) => (n === Number(i) ? { ...one, [part]: without(one[part], j) } : one))
          : without(left, i);
    }
  }
}

/** JSON, with the numbers that JSON has no word for as YAML writes them. */
const flow = (value: unknown): string => {
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : ".inf";
  if (Object.is(value, -0)) return "-0.0";
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}: ${flow(v)}`)
      .join(", ")}}`;
  return JSON.stringify(value);
};

const manifests = fc.array(anyTable, { maxLength: 5 }).map(accepted);

async function fill(store: Store): Promise<void> {
  // Two rows in each table that takes them: equal values everywhere but in the key.
  await store.writer.exec("PRAGMA foreign_keys = OFF");
  for (const { name, columns } of store.schema.tables)
    for (const i of [1, 2]) {
      const values = columns.map((column) => {
        if (column.name === "a") return column.autoIncrement ? `${i}` : `'k${i}'`;
        return { text: "'same'", integer: "7", real: "0.5", boolean: "1" }[column.type];
      });
      await store.writer.exec(`INSERT OR IGNORE INTO "${name}" VALUES (${values.join(", ")})`);
    }
  await store.writer.exec("PRAGMA foreign_keys = ON");
}

/** What SQLite itself says the tables are. */
async function seen(store: Store): Promise<unknown> {
  const out: Record<string, unknown> = {};
  for (const { name } of store.schema.tables) {
    const columns = await store.writer.all("SELECT name FROM pragma_table_info(?1)", name);
    const indexes = await store.writer.all(
      "SELECT name, \"unique\" AS u FROM pragma_index_list(?1) WHERE origin = 'c' ORDER BY name",
      name,
    );
    out[name] = { columns: columns.map((row) => row.name), indexes: indexes.map((row) => [row.name, row.u]) };
  }
  const all = await store.writer.all(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_dbaas%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name",
  );
  return { all: all.map((row) => row.name), out };
}

const said = (have: Schema): unknown => ({
  all: have.tables.map(({ name }) => name).sort(),
  out: Object.fromEntries(
    have.tables.map(({ name, columns, indexes = [] }) => [
      name,
      {
        columns: columns.map((column) => column.name),
        indexes: indexes
          .map((index) => [
            `${index.unique ? "unique index" : "index"} on ${name} (${index.columns.join(", ")})`,
            index.unique ? 1 : 0,
          ])
          .sort(),
      },
    ]),
  ),
});

describe("any manifests that are accepted one after the other", () => {
  it("are carried out as the plan says, or refused by name; and no reference dangles", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(manifests, { minLength: 2, maxLength: 3 }),
        fc.boolean(),
        (wanted, withData) =>
          withUndoing(async (undoing) => {
            const store = await openCopy(undoing);
            await store.apply([entry(0, marker(1))]);
            const migrating = new Migrating(store, emptySchema);
            for (const want of wanted) {
              const before = store.schema;
              const promised = planMigration(before, want);
              migrating.want = want;
              await migrating.settle();
              const failed = new Map(migrating.report?.failed.map(({ what, reason }) => [what, reason]));
              // Only data can refuse what the plan promised.
              if (!withData) assert.deepEqual([...failed], []);
              const kept = planMigration(before, want, failed);
              let expected = before;
              for (const { adds } of kept.steps) expected = migrate(expected, adds).schema;
              assert.deepEqual(said(store.schema), said(expected));
              assert.deepEqual(await seen(store), said(store.schema));
              const after = planMigration(store.schema, want, failed);
              assert.deepEqual(after.steps, []);
              const names = new Set(after.refused.map(({ what }) => what));
              for (const { what } of promised.refused) assert.ok(names.has(what), what);
              // Every table can be emptied: nothing refers to what is not there.
              await store.writer.exec(`BEGIN; ${clearSql(store.schema)} ROLLBACK`);
              if (withData) await fill(store);
            }
          }),
      ),
      { numRuns: runs(80) },
    );
  });

  it("leave a copy that reads the log equal to the master's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(manifests, { minLength: 2, maxLength: 3 }), (wanted) =>
        withUndoing(async (undoing) => {
          const [store, copy] = [await openCopy(undoing), await openCopy(undoing)];
          await store.apply([entry(0, marker(1))]);
          await copy.apply([entry(0, marker(1))]);
          const migrating = new Migrating(store, emptySchema);
          for (const want of wanted) {
            migrating.want = want;
            await migrating.settle();
          }
          await copy.apply(migrating.records.map((record, i) => entry(101 + i, record)));
          assert.deepEqual(await contentsOf(copy), await contentsOf(store));
          assert.deepEqual(await seen(copy), await seen(store));
        }),
      ),
      { numRuns: runs(30) },
    );
  });
});
