import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Params } from "../../../api/requests/values.ts";
import { conditionFromText } from "../../../api/requests/where-text.ts";
import { Refusal } from "../../../core/errors.ts";
import type { Condition, Param } from "../../../core/messages/statement.ts";
import { anyCharacter } from "../../support/characters.ts";
import { runs } from "../../support/runs.ts";

function parse(text: string): { condition: Condition; params: readonly Param[] } {
  const params = new Params();
  return { condition: conditionFromText(text, params, "where"), params: params.values };
}

const refusal = (text: string): Refusal => {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof Refusal, `${text}: ${String(error)}`);
    return error;
  }
  return assert.fail(`${text} was understood`);
};

const is = (column: string, param: number, op: "=" | "<" | ">" = "="): Condition => ({ op, column, param });

/** With a text that may be a column. */
const word = (column: string, param: number): Condition => ({ op: "=", column, param, word: true });

describe("a condition as text", () => {
  const understood: readonly (readonly [text: string, condition: Condition, params: readonly Param[]])[] = [
    ["username='asha'", is("username", 0), ["asha"]],
    ["username = 'asha'", is("username", 0), ["asha"]],
    ["username==asha", word("username", 0), ["asha"]],
    ['username="asha"', word("username", 0), ["asha"]],
    ["username=`asha`", { op: "=", column: "username", other: "asha" }, []],
    ['"order" = 1', is("order", 0), [1]],
    ["`order` = 1", is("order", 0), [1]],
    ["name = 'O''Brien'", is("name", 0), ["O'Brien"]],
    ["name = ''", is("name", 0), [""]],
    ["timestamp=26-01-2020:00-53-09", word("timestamp", 0), ["26-01-2020:00-53-09"]],
    ["a<-5", is("a", 0, "<"), [-5]],
    ["-5<i", is("i", 0, ">"), [-5]],
    ["i>-5", is("i", 0, ">"), [-5]],
    ["5 < age", is("age", 0, ">"), [5]],
    ['5 < "age"', is("age", 0, ">"), [5]],
    ["5 < `age`", is("age", 0, ">"), [5]],
    ["'a' = \"b\"", is("b", 0), ["a"]],
    ["TRUE = b", is("b", 0), [true]],
    ["1=1", { op: "const", value: true }, []],
    ["1 = 2", { op: "const", value: false }, []],
    ["'a' < 'b'", { op: "const", value: true }, []],
    ["1 < 'a'", { op: "const", value: true }, []],
    ["1 = 1.0", { op: "const", value: true }, []],
    ["1.50 > 100", { op: "const", value: false }, []],
    ["9007199254740993 = 9007199254740992", { op: "const", value: false }, []],
    ["9007199254740993 > 9007199254740992.0", { op: "const", value: true }, []],
    ["007 = 7", { op: "const", value: true }, []],
    ["'7' = 7", { op: "const", value: false }, []],
    ["1 = TRUE", { op: "const", value: true }, []],
    ["ok = TRUE", is("ok", 0), [true]],
    ["a IS NULL", { op: "isNull", column: "a" }, []],
    ["a is not null", { op: "not", of: { op: "isNull", column: "a" } }, []],
    ["a IN (1, 'b', c)", { op: "in", column: "a", param: 0, words: [2] }, [[1, "b", "c"]]],
    ["a NOT IN (1)", { op: "not", of: { op: "in", column: "a", param: 0 } }, [[1]]],
    ["a LIKE 'x%'", { op: "like", column: "a", param: 0 }, ["x%"]],
    ["a LIKE 'x\\_' ESCAPE '\\'", { op: "like", column: "a", pattern: 0, escape: 1 }, ["x\\_", "\\"]],
    ["a LIKE x%", { op: "like", column: "a", param: 0, word: true }, ["x%"]],
    ["escape = 1", is("escape", 0), [1]],
    ["a not like 7", { op: "not", of: { op: "like", column: "a", param: 0 } }, ["7"]],
    ["a <> 1", { op: "!=", column: "a", param: 0 }, [1]],
    ["NOT a = 1", { op: "not", of: is("a", 0) }, [1]],
    ["a=1 AND b=2 AND c=3", { op: "and", of: [is("a", 0), is("b", 1), is("c", 2)] }, [1, 2, 3]],
    [
      "a=1 OR b=2 AND c=3",
      { op: "or", of: [is("a", 0), { op: "and", of: [is("b", 1), is("c", 2)] }] },
      [1, 2, 3],
    ],
    [
      "(a=1 or b=2) and c=3",
      { op: "and", of: [{ op: "or", of: [is("a", 0), is("b", 1)] }, is("c", 2)] },
      [1, 2, 3],
    ],
    ["android=1", is("android", 0), [1]],
    ["id=007", is("id", 0), ["007"]],
    ["id=99999999999999999999", is("id", 0), ["99999999999999999999"]],
    ["x='a' OR '1'='1'", { op: "or", of: [is("x", 0), { op: "const", value: true }] }, ["a"]],
  ];
  for (const [text, condition, params] of understood)
    it(`reads ${text}`, () => assert.deepEqual(parse(text), { condition, params }));

  const refused: readonly (readonly [text: string, message: RegExp])[] = [
    ["0 UNION SELECT password FROM users", /expected a comparison, found "UNION" at offset 2/],
    ["a=1; DROP TABLE users", /unexpected ";" at offset 3/],
    ["a=1 -- x", /unexpected "-" at offset 4/],
    ["a=1 /* x */", /unexpected/],
    ["a = asha rao", /expected AND, OR or the end, found "rao" at offset 9/],
    ["a = NULL", /IS NULL/],
    ["a IN ()", /expected a value, found "\)"/],
    ["a IN (1", /expected \), the text ends at offset 7/],
    ["a BETWEEN 1 AND 2", /expected a comparison, found "BETWEEN"/],
    ["a", /expected a comparison, the text ends/],
    ["a = ", /expected a value, the text ends/],
    ["= 1", /expected a column or a value/],
    ["(a = 1", /expected \)/],
    ["a = 1)", /expected AND, OR or the end/],
    ["a = 'x", /unterminated quote at offset 4/],
    ["a LIKE 'x' ESCAPE '--'", /expected a single character in quotes, found "--"/],
    ["a LIKE 'x' ESCAPE", /expected a single character in quotes, the text ends/],
    ["a LIKE `b`", /expected a value, found "b"/],
    ["a IN (`b`)", /expected a value, found "b"/],
    ["a NOT 1", /expected IN or LIKE/],
    ["a IS 1", /expected NULL/],
    ["AND = 1", /expected a column or a value/],
    ["a = (SELECT 1)", /expected a value, found "\("/],
    ["'a' LIKE 'b'", /expected a comparison/],
    ["'x' LIKE t", /expected a comparison, found "LIKE" at offset 4/],
    ["'x' IN (t)", /expected a comparison, found "IN" at offset 4/],
    ["5 BETWEEN i AND j", /expected a comparison, found "BETWEEN" at offset 2/],
    ["(5) = i", /expected a comparison, found "\)" at offset 2/],
    ["i = (5)", /expected a value, found "\(" at offset 4/],
    ["(i) = 5", /expected a comparison, found "\)" at offset 2/],
    ["'x' IS NULL", /expected a comparison, found "IS" at offset 4/],
    ["NULL = i", /NULL can only be asked for as IS NULL or IS NOT NULL at offset 0/],
    ["i = NULL", /IS NULL or IS NOT NULL at offset 4/],
    ["i IN (1, NULL)", /IS NULL or IS NOT NULL at offset 9/],
    ["lower(t) = 'a'", /expected a comparison, found "\(" at offset 5/],
    ['"k"."i" = 5', /expected a comparison, found "\." at offset 3/],
    ["NOT b", /expected a comparison, the text ends at offset 5/],
    ["TRUE", /expected a comparison, the text ends at offset 4/],
    ["1", /expected a comparison, the text ends at offset 1/],
    ["[i] = 5", /unexpected "\[" at offset 0/],
  ];
  for (const [text, message] of refused)
    it(`refuses ${text}`, () => {
      const { code, field, message: said } = refusal(text);
      assert.deepEqual([code, field], ["bad_request", "where"]);
      assert.match(said, message);
    });

  it("bounds the nesting and the number of comparisons", () => {
    assert.match(refusal(`${"(".repeat(100_000)}a=1`).message, /nested deeper/);
    assert.match(refusal(`${"NOT ".repeat(100_000)}a=1`).message, /nested deeper/);
    assert.match(refusal(Array.from({ length: 300 }, () => "a=1").join(" OR ")).message, /more than 256/);
    parse(`${"(".repeat(50)}a=1${")".repeat(50)}`);
  });

  it("takes values of any length", () => {
    const long = "x".repeat(500_000);
    assert.deepEqual(parse(`a='${long}'`).params, [long]);
    assert.deepEqual(parse(`a=${long}`).params, [long]);
    const digits = "1".repeat(500_000);
    assert.deepEqual(parse(`a=${digits}x`).params, [`${digits}x`]);
  });
});

const column = fc.constantFrom("username", "ride_id", "Größe", "order by", "in");
const literal = fc.oneof(fc.string({ unit: anyCharacter }), fc.integer(), fc.boolean());
const leaf = fc.oneof(
  fc.record({
    op: fc.constantFrom(
      "=" as const,
      "!=" as const,
      "<" as const,
      "<=" as const,
      ">" as const,
      ">=" as const,
    ),
    column,
    value: literal,
  }),
  fc.record({ op: fc.constant("like" as const), column, value: fc.string() }),
  fc.record({
    op: fc.constant("in" as const),
    column,
    value: fc.array(literal, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ op: fc.constant("isNull" as const), column }),
);
type Leaf = typeof leaf extends fc.Arbitrary<infer T> ? T : never;
type Tree = Leaf | { op: "not"; of: Tree } | { op: "and" | "or"; of: Tree[] };
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.record({ op: fc.constant("not" as const), of: tie("tree") }),
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      of: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

const quote = (value: string | number | boolean): string =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);

function written(node: Tree): string {
  if (node.op === "not") return `NOT (${written(node.of)})`;
  if ("of" in node) return node.of.map((part) => `(${written(part)})`).join(` ${node.op} `);
  const name = `"${node.column}"`;
  if (node.op === "isNull") return `${name} IS NULL`;
  if (node.op === "in") return `${name} in (${node.value.map(quote).join(",")})`;
  return `${name} ${node.op} ${quote(node.value)}`;
}

/** The tree with its values where the parser's condition has numbers of parameters. */
function resolved(condition: Condition, params: readonly Param[]): unknown {
  if (condition.op === "not") return { op: "not", of: resolved(condition.of, params) };
  if ("of" in condition) return { op: condition.op, of: condition.of.map((part) => resolved(part, params)) };
  if (condition.op === "isNull" || condition.op === "const") return condition;
  if (!("param" in condition)) return condition;
  return { op: condition.op, column: condition.column, value: params[condition.param] };
}

describe("any condition", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(tree, (node) => {
        const { condition, params } = parse(written(node));
        // The generator makes objects without a prototype, the clone has one.
        assert.deepEqual(resolved(condition, params), structuredClone(node));
      }),
    );
  });

  it("is understood or refused, whatever the text", () => {
    const piece = fc.constantFrom(
      "(",
      ")",
      ",",
      "=",
      "<",
      "not",
      "in",
      "like",
      "is",
      "null",
      "a",
      "'b'",
      "1",
      "'",
      '"',
      " ",
    );
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.array(piece).map((pieces) => pieces.join(" ")),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          parse(input);
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
        }
      }),
      { numRuns: runs(2_000) },
    );
  });
});
