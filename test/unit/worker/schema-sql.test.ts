import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { migrate } from "../../../core/rules/migration.ts";
import { type Column, emptySchema, type Schema, type Table } from "../../../core/schema.ts";
import { childrenFirst } from "../../../worker/sql/shape-sql.ts";
import { runs } from "../../support/runs.ts";
import { openCopy, withUndoing } from "./copies.ts";
import { integer, shop, table, text } from "./schemas.ts";

const one = (...columns: readonly Column[]): Schema => ({ tables: [table("t", columns, ["a"])] });
const key = text("a", { notNull: true });

describe("migrate", () => {
  it("makes the tables and indexes that are not there", () => {
    const { statements, schema } = migrate(emptySchema, shop);
    assert.deepEqual(
      statements.map((statement) => statement.split(" (")[0]),
      [
        'CREATE TABLE "people"',
        'CREATE TABLE "orders"',
        'CREATE INDEX "index on orders',
        'CREATE TABLE "buyers"',
      ],
    );
    assert.deepEqual(schema, shop);
  });

  it("does nothing when the schema is as wanted", () => {
    assert.deepEqual(migrate(shop, shop), { statements: [], schema: shop });
  });

  it("adds a column and an index", () => {
    const wanted: Schema = {
      tables: [table("t", [key, integer("n")], ["a"], { indexes: [{ columns: ["n"] }] })],
    };
    const { statements, schema } = migrate(one(key), wanted);
    assert.deepEqual(statements, [
      'ALTER TABLE "t" ADD COLUMN "n" INTEGER',
      'CREATE INDEX "index on t (n)" ON "t" ("n")',
    ]);
    assert.deepEqual(schema, wanted);
  });

  it("leaves out what cannot be added, and adds what stands beside it", () => {
    const { statements } = migrate(one(key), one(key, integer("n", { unique: true }), integer("m")));
    assert.deepEqual(statements, ['ALTER TABLE "t" ADD COLUMN "m" INTEGER']);
  });
});

const columns = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom("b", "c", "d", "e f", 'g"h'),
      type: fc.constantFrom("text", "integer", "real", "boolean"),
      notNull: fc.boolean(),
      unique: fc.boolean(),
      default: fc.constantFrom("it's", "", 0, true),
    },
    { requiredKeys: ["name", "type"] },
  ),
  { selector: ({ name }) => name },
);

const wellTyped = (column: Column): Column => {
  const { default: _, ...rest } = column;
  if (column.default === undefined) return rest;
  const fallback = { text: "it's", integer: 7, real: 0.5, boolean: true } as const;
  return { ...rest, default: fallback[column.type] };
};

const tables = fc.uniqueArray(
  fc
    .record({ name: fc.constantFrom("t", "u", "two words"), columns, counted: fc.boolean() })
    .chain(({ name, columns, counted }) =>
      fc
        .uniqueArray(fc.subarray(["a", ...columns.map((column) => column.name)], { minLength: 1 }), {
          maxLength: 2,
          selector: (names) => names.join(),
        })
        .map(
          (indexes): Table =>
            table(
              name,
              [
                counted ? integer("a", { autoIncrement: true }) : key,
                ...columns.map((column) => wellTyped(column as Column)),
              ],
              ["a"],
              indexes.length > 0 ? { indexes: indexes.map((names) => ({ columns: names })) } : {},
            ),
        ),
    ),
  { selector: ({ name }) => name },
);
const schemas: fc.Arbitrary<Schema> = tables.map((made) => ({ tables: made }));

describe("migrating between any two schemas", () => {
  it("ends where a second migration finds nothing more to do", () => {
    fc.assert(
      fc.property(schemas, schemas, (have, want) => {
        const { schema } = migrate(have, want);
        const again = migrate(schema, want);
        assert.deepEqual(again.statements, []);
        assert.deepEqual(again.schema, schema);
      }),
    );
  });

  it("never loses a table or column", () => {
    fc.assert(
      fc.property(schemas, schemas, (have, want) => {
        const { schema } = migrate(have, want);
        for (const before of have.tables) {
          const after = schema.tables.find(({ name }) => name === before.name);
          assert.deepEqual(after?.columns.slice(0, before.columns.length), before.columns);
          assert.deepEqual(after?.primaryKey, before.primaryKey);
        }
      }),
    );
  });

  it("gives SQLite statements that it carries out, and the columns it says", async () => {
    await fc.assert(
      fc.asyncProperty(schemas, schemas, (first, second) =>
        withUndoing(async (undoing) => {
          const { writer } = await openCopy(undoing);
          let have = emptySchema;
          for (const want of [first, second]) {
            const { statements, schema } = migrate(have, want);
            for (const statement of statements) await writer.exec(statement);
            have = schema;
          }
          for (const { name, columns } of have.tables) {
            const rows = await writer.all("SELECT name FROM pragma_table_info(?1)", name);
            assert.deepEqual(
              rows.map((row) => row.name),
              columns.map((column) => column.name),
            );
          }
        }),
      ),
      { numRuns: runs(40) },
    );
  });
});

describe("childrenFirst", () => {
  it("puts a table before those it refers to", () => {
    const names = childrenFirst(shop).map(({ name }) => name);
    assert.ok(names.indexOf("buyers") < names.indexOf("orders"));
    assert.ok(names.indexOf("buyers") < names.indexOf("people"));
  });
  it("names every table once, even when references go round in a circle", () => {
    const refers = (to: string) => text("x", { references: { table: to, column: "a", onDelete: "cascade" } });
    const circle: Schema = {
      tables: [table("p", [key, refers("q")], ["a"]), table("q", [key, refers("p")], ["a"])],
    };
    assert.deepEqual(
      childrenFirst(circle)
        .map(({ name }) => name)
        .sort(),
      ["p", "q"],
    );
  });
});
