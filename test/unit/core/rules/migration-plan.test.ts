import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planMigration, statementsOf } from "../../../../core/rules/migration-plan.ts";
import { type Column, emptySchema, type Schema, schemaLimits } from "../../../../core/schema.ts";
import { integer, shop, table, text } from "../../worker/schemas.ts";

const key = text("a", { notNull: true });
const one = (...columns: readonly Column[]): Schema => ({ tables: [table("t", columns, ["a"])] });
const schema = (...tables: Schema["tables"]): Schema => ({ tables });

/** What becomes of a change, in short. */
const outcome = (have: Schema, want: Schema, failed?: ReadonlyMap<string, string>) => {
  const { steps, refused, kept } = planMigration(have, want, failed);
  return {
    steps: steps.map(({ what }) => what),
    refused: refused.map(({ what, reason }) => `${what}: ${reason}`),
    kept,
  };
};

const to = (target: string, column = "a", more: Partial<Column> = {}): Column =>
  text("x", { references: { table: target, column, onDelete: "cascade" }, ...more });

describe("the plan of a migration", () => {
  it("has a step for each table, column and index that is not there, what others refer to before them", () => {
    assert.deepEqual(outcome(emptySchema, shop), {
      steps: ["table people", "table orders", "index on orders (item)", "table buyers"],
      refused: [],
      kept: [],
    });
  });

  it("is empty where everything is as wanted, also where that is written in another way", () => {
    const nothing = { steps: [], refused: [], kept: [] };
    assert.deepEqual(outcome(shop, shop), nothing);
    assert.deepEqual(outcome(one(key), one(text("a"))), nothing);
    assert.deepEqual(outcome(one(key, text("n")), one(key, text("n", { default: null }))), nothing);
  });

  for (const [what, column, reason] of [
    ["cannot be null and has no default", integer("n", { notNull: true }), /needs a default/],
    ["is unique", integer("n", { unique: true }), /cannot be unique/],
    ["counts itself", integer("n", { autoIncrement: true }), /cannot count itself/],
    ["refers to a table and has a default", to("t", "a", { name: "n", default: "x" }), /have a default/],
  ] as const)
    it(`refuses a new column that ${what}`, () => {
      const { steps, refused } = outcome(one(key), one(key, column));
      assert.deepEqual(steps, []);
      assert.match(refused[0] ?? "", /^column t\.n: it cannot be added: /);
      assert.match(refused[0] ?? "", reason);
    });

  it("refuses to change a key or a column, and says how they differ", () => {
    assert.deepEqual(outcome(one(key, integer("n")), schema(table("t", [key, text("n")], ["n"]))), {
      steps: [],
      refused: [
        'column t.n: it cannot be changed: type is "integer", not "text"',
        "primary key of table t: it is a and cannot be changed",
      ],
      kept: [],
    });
  });

  it("refuses names that differ only in case from those that are there", () => {
    const have = one(key, text("memo"));
    assert.deepEqual(
      outcome(have, schema(table("T", [key], ["a"]), table("t", [key, text("Memo")], ["a"]))),
      {
        steps: [],
        refused: [
          "table T: its name differs only in case from the table t that is there",
          "column t.Memo: its name differs only in case from the column memo that is there",
        ],
        kept: ["column t.memo"],
      },
    );
  });

  it("names what is kept although the manifest no longer has it", () => {
    const have = schema(
      table("t", [key, text("n", { notNull: true })], ["a"], { indexes: [{ columns: ["n"], unique: true }] }),
      table("gone", [key], ["a"]),
    );
    assert.deepEqual(outcome(have, one(key)).kept, [
      "column t.n, which every new row needs a value for",
      "unique index on t (n)",
      "table gone",
    ]);
  });

  it("refuses with a change all that depends on it, and nothing else", () => {
    const have = schema(table("p", [key, text("code")], ["a"]));
    const want = schema(
      table("p", [key, text("code", { unique: true }), text("late", { unique: true })], ["a"], {
        indexes: [{ columns: ["late"] }],
      }),
      table("c", [key, to("p", "code")], ["a"], { indexes: [{ columns: ["x"] }] }),
      table("d", [key, to("c")], ["a"]),
      table("e", [key, to("p", "late")], ["a"]),
      table("f", [key, to("p")], ["a"]),
    );
    assert.deepEqual(outcome(have, want), {
      steps: ["table f"],
      refused: [
        "column p.code: it cannot be changed: unique is false, not true",
        "column p.late: it cannot be added: a new column cannot be unique; add a unique index",
        "index on p (late): there is no column p.late",
        "table c: x refers to p.code, which is not unique",
        "index on c (x): there is no table c",
        "table d: x refers to c.a, and there is no table c",
        "table e: x refers to p.late, and there is no such column",
      ],
      kept: [],
    });
  });

  it("refuses a reference to a column that is of another type than the manifest says", () => {
    const want = schema(
      table("p", [integer("a")], ["a"]),
      table("c", [key, { ...to("p"), type: "integer" }], ["a"]),
    );
    assert.deepEqual(outcome(schema(table("p", [key], ["a"])), want).refused, [
      'column p.a: it cannot be changed: type is "text", not "integer"',
      "table c: x refers to p.a, which is of type text, not integer",
    ]);
  });

  it("makes tables that refer to each other in a circle in one step", () => {
    const want = schema(
      table("p", [key, to("q")], ["a"]),
      table("q", [key, to("p")], ["a"]),
      table("r", [key], ["a"]),
    );
    const { steps } = planMigration(emptySchema, want);
    assert.deepEqual(
      steps.map(({ what, parts }) => [what, parts]),
      [
        ["table r", undefined],
        ["table p, table q", ["table p", "table q"]],
      ],
    );
    assert.equal(statementsOf({ steps, refused: [], kept: [] }, emptySchema).length, 3);
  });

  it("makes one that refers to itself", () => {
    assert.deepEqual(outcome(emptySchema, one(key, to("t"))).steps, ["table t"]);
  });

  it("lets what the data refused hold up only what depends on it", () => {
    const have = schema(table("p", [key, text("code")], ["a"]));
    const want = schema(
      table("p", [key, text("code")], ["a"], { indexes: [{ columns: ["code"], unique: true }] }),
      table("c", [key, to("p", "code")], ["a"]),
      table("f", [key], ["a"]),
    );
    assert.deepEqual(outcome(have, want).steps, ["unique index on p (code)", "table c", "table f"]);
    const failed = new Map([["unique index on p (code)", "UNIQUE constraint failed: p.code"]]);
    assert.deepEqual(outcome(have, want, failed), {
      steps: ["table f"],
      refused: [
        "unique index on p (code): UNIQUE constraint failed: p.code",
        "table c: x refers to p.code, which is not unique",
      ],
      kept: [],
    });
  });

  it("counts the columns that are kept among those that a table may have", () => {
    const many = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => text(`${prefix}${i}`));
    const { steps, refused } = outcome(one(key, ...many("b", 300)), one(key, ...many("c", 300)));
    assert.equal(steps.length, schemaLimits.columnsMax - 301);
    assert.match(refused[0] ?? "", /^column t\.c211: the table would have more than 512 columns with it$/);
  });

  it("keeps the whole small enough to be told", () => {
    const wide = (name: string) =>
      table(
        name,
        [key, ...Array.from({ length: 500 }, (_, i) => text(`${name}_a_rather_long_name_${i}`))],
        ["a"],
      );
    const have = schema(...Array.from({ length: 30 }, (_, i) => wide(`kept${i}`)));
    const { refused } = outcome(have, schema(...Array.from({ length: 30 }, (_, i) => wide(`more${i}`))));
    assert.ok(refused.length > 0 && refused.length < 30);
    assert.match(refused[0] ?? "", /more than 900000 bytes to describe/);
  });
});
