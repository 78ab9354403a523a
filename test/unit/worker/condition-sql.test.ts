import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Comparison,
  type Condition,
  isColumns,
  type Param,
  type Value,
} from "../../../core/messages/statement.ts";
import { conditionSql } from "../../../worker/sql/shape-sql.ts";
import { runs } from "../../support/runs.ts";
import { openCopy } from "./copies.ts";
import { integer, table, text } from "./schemas.ts";

const things = table("things", [text("name"), text("word"), integer("n")], ["name"]);
const hole = (index: number) => `json_extract(?1, '$[0][${index}]')`;

describe("conditionSql", () => {
  it("names the field of an unknown column", () => {
    assert.throws(
      () => conditionSql(things, { op: "isNull", column: "nmae" }, hole),
      /table things has no column "nmae"/,
    );
  });
  it("lets no identifier or value into the SQL that the schema does not have", () => {
    const hostile = `n" OR 1=1 --`;
    assert.throws(() => conditionSql(things, { op: "=", column: hostile, param: 0 }, hole));
    assert.equal(
      conditionSql(things, { op: "=", column: "n", param: 0 }, hole),
      `("n" = json_extract(?1, '$[0][0]'))`,
    );
  });
  it("an empty and holds, an empty or does not", () => {
    assert.equal(conditionSql(things, { op: "and", of: [] }, hole), "1");
    assert.equal(conditionSql(things, { op: "or", of: [] }, hole), "0");
  });
});

interface Thing {
  readonly name: string;
  readonly word: string | null;
  readonly n: number | null;
}

/** SQL's logic has three values: what is compared with null is neither true nor false. */
type Truth = boolean | null;

function compared(op: Comparison, left: Value, right: Value): Truth {
  if (left === null || right === null) return null;
  if (op === "=") return left === right;
  if (op === "!=") return left !== right;
  if (op === "<") return left < right;
  if (op === "<=") return left <= right;
  return op === ">" ? left > right : left >= right;
}

function like(value: Value, pattern: Value): Truth {
  if (value === null || pattern === null) return null;
  const source = [...String(pattern)].map((c) => (c === "%" ? ".*" : c === "_" ? "." : c)).join("");
  return new RegExp(`^${source}$`, "is").test(String(value));
}

function among(value: Value, list: readonly Value[]): Truth {
  if (list.length === 0) return false;
  if (value === null) return null;
  if (list.includes(value)) return true;
  return list.includes(null) ? null : false;
}

function truth(condition: Condition, row: Thing, params: readonly Param[]): Truth {
  const of = (column: string) => row[column as keyof Thing];
  switch (condition.op) {
    case "and": {
      const parts = condition.of.map((part) => truth(part, row, params));
      return parts.includes(false) ? false : parts.includes(null) ? null : true;
    }
    case "or": {
      const parts = condition.of.map((part) => truth(part, row, params));
      return parts.includes(true) ? true : parts.includes(null) ? null : false;
    }
    case "not": {
      const inner = truth(condition.of, row, params);
      return inner === null ? null : !inner;
    }
    case "const":
      return condition.value;
    case "isNull":
      return of(condition.column) === null;
    case "in":
      return among(of(condition.column), params[condition.param] as readonly Value[]);
    case "like":
      return like(
        of(condition.column),
        params["param" in condition ? condition.param : condition.pattern] as Value,
      );
    default:
      if (isColumns(condition)) return compared(condition.op, of(condition.column), of(condition.other));
      return compared(condition.op, of(condition.column), params[condition.param] as Value);
  }
}

const word = fc.constantFrom("", "a", "A", "ab", "aB", "b", "it's", '"', "x y", "[1]", "null");
const number = fc.constantFrom(-1, 0, 1, 2, 10, 9007199254740991);
const drawn: Record<keyof Thing, fc.Arbitrary<Value>> = {
  word: fc.option(word),
  n: fc.option(number),
  name: word,
};
const column = fc.constantFrom("word", "n", "name") as fc.Arbitrary<keyof Thing>;

/** A condition whose parameters are still values in it. */
type Loose =
  | { readonly leaf: Condition["op"]; readonly column: string; readonly value?: Param }
  | { readonly op: "and" | "or"; readonly of: readonly Loose[] }
  | { readonly op: "not"; readonly of: Loose }
  | { readonly op: "const"; readonly value: boolean };

const leaf: fc.Arbitrary<Loose> = fc.oneof(
  column.chain((name) =>
    fc.record({
      leaf: fc.constantFrom("=", "!=", "<", "<=", ">", ">="),
      column: fc.constant(name),
      value: drawn[name],
    }),
  ),
  column.chain((name) =>
    fc.record({
      leaf: fc.constant("in" as const),
      column: fc.constant(name),
      value: fc.array(drawn[name], { maxLength: 3 }),
    }),
  ),
  fc.record({
    leaf: fc.constant("like" as const),
    column: fc.constant("word"),
    value: fc.constantFrom("%", "a%", "_", "%b", "", "a_", null),
  }),
  column.map((name) => ({ leaf: "isNull" as const, column: name })),
  fc.boolean().map((value) => ({ op: "const" as const, value })),
);
const loose = fc.letrec<{ any: Loose }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    fc.record({ op: fc.constantFrom("and", "or"), of: fc.array(tie("any"), { maxLength: 3 }) }),
    fc.record({ op: fc.constant("not" as const), of: tie("any") }),
  ),
})).any;

function tightened(condition: Loose, params: Param[]): Condition {
  if (!("leaf" in condition)) {
    if (condition.op === "const") return condition;
    if (condition.op === "not") return { op: "not", of: tightened(condition.of, params) };
    return { op: condition.op, of: condition.of.map((part) => tightened(part, params)) };
  }
  if (condition.leaf === "isNull") return { op: "isNull", column: condition.column };
  params.push(condition.value as Param);
  return { op: condition.leaf, column: condition.column, param: params.length - 1 } as Condition;
}

describe("a condition in SQLite", () => {
  it("holds for exactly the rows for which SQL's logic says so", async (t) => {
    const store = await openCopy(t, { tables: [things] });
    const { sql } = store.compiled.write({ kind: "insert", table: "things", columns: ["name", "word", "n"] });
    const rows = fc.uniqueArray(fc.tuple(word, fc.option(word), fc.option(number)), {
      selector: ([name]) => name,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(rows, loose, async (given, condition) => {
        const params: Param[] = [];
        const tight = tightened(condition, params);
        await store.writer.exec("DELETE FROM things");
        await store.writer.run(sql, JSON.stringify(given));
        const found = await store.writer.all(
          `SELECT name FROM things WHERE ${conditionSql(things, tight, hole)} AND ?1 IS NOT NULL ORDER BY name`,
          JSON.stringify([params]),
        );
        const wanted = given
          .map(([name, word, n]) => ({ name, word, n }))
          .filter((row) => truth(tight, row, params) === true)
          .map(({ name }) => name)
          .sort();
        assert.deepEqual(
          found.map((row) => row.name),
          wanted,
        );
      }),
      { numRuns: runs(300) },
    );
  });
});
