import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CliError } from "../../../cli/exit.ts";
import { parseSentence } from "../../../cli/sentence.ts";

describe("parseSentence", () => {
  for (const [sentence, kind, body] of [
    ["select * from users", "read", { table: "users", columns: "*" }],
    ["SELECT a, b FROM t;", "read", { table: "t", columns: ["a", "b"] }],
    [
      "select count(*) from rides where source = 1",
      "read",
      { table: "rides", count: true, where: "source = 1" },
    ],
    [
      "select a from t where b = 'x limit 3' order by a desc limit 5 offset 10",
      "read",
      { table: "t", columns: ["a"], where: "b = 'x limit 3'", orderBy: "a desc", limit: 5, offset: 10 },
    ],
    [
      "insert into t (a, b) values ('it''s', -1.5), (null, true)",
      "write",
      {
        op: "insert",
        table: "t",
        rows: [
          { a: "it's", b: -1.5 },
          { a: null, b: true },
        ],
      },
    ],
    [
      "update t set a = 'x, where y', b = 2 where c = 'z'",
      "write",
      { op: "update", table: "t", set: { a: "x, where y", b: 2 }, where: "c = 'z'" },
    ],
    ["delete from t where a = 1", "write", { op: "delete", table: "t", where: "a = 1" }],
    ['{"table":"t"}', "read", { table: "t" }],
    ['{"op":"delete","table":"t","where":{}}', "write", { op: "delete", table: "t", where: {} }],
  ] as const)
    it(`understands ${sentence}`, () => {
      const understood = parseSentence(sentence);
      assert.deepEqual({ kind: understood.kind, body: JSON.parse(understood.body) }, { kind, body });
    });

  for (const [sentence, body] of [
    [
      "insert into t (a, b) values (9007199254740993, -9223372036854775808)",
      '{"op":"insert","table":"t","rows":[{"a":9007199254740993,"b":-9223372036854775808}]}',
    ],
    [
      "update t set a = +9007199254740993 where b = 9007199254740993",
      '{"op":"update","table":"t","set":{"a":9007199254740993},"where":"b = 9007199254740993"}',
    ],
    [
      "insert into t (constructor, __proto__) values ('a', 'b')",
      '{"op":"insert","table":"t","rows":[{"constructor":"a","__proto__":"b"}]}',
    ],
    [
      "update t set __proto__ = 'x', toString = 'y' where a = 1",
      '{"op":"update","table":"t","set":{"__proto__":"x","toString":"y"},"where":"a = 1"}',
    ],
    [
      '{"op":"delete", "op":"insert","table":"t","row":{"a":1e400,"b":9007199254740993}}',
      '{"op":"delete", "op":"insert","table":"t","row":{"a":1e400,"b":9007199254740993}}',
    ],
  ] as const)
    it(`sends what was typed as it was typed: ${sentence}`, () =>
      assert.equal(parseSentence(sentence).body, body));

  it("keeps every whole number, digit by digit", () =>
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) =>
        assert.ok(parseSentence(`insert into t (a) values (${number})`).body.includes(`{"a":${number}}`)),
      ),
    ));

  for (const sentence of [
    "",
    "drop table users",
    "select from",
    "select * from t limit ten",
    "insert into t (a, b) values ('x')",
    "insert into t (a) values ('x",
    "insert into t (a) values (x)",
    "insert into t (a) values ('x'",
    "update t set a = 1",
    "update t set a where b = 1",
    "delete from t",
    "{not json",
    "insert into t (a) values (1e400)",
    "insert into t (a) values (-1e400)",
    "insert into t (a) values (007)",
    "insert into t (a) values (-0123)",
    "insert into t (a) values (constructor)",
    "insert into t (a) values (toString)",
    "update t set a = __proto__ where b = 1",
    "insert into t (a, a) values (1, 2)",
    "insert into t (a, A) values (1, 2)",
    "insert into t (a, ) values (1, 2)",
    "update t set a = 1, a = 2 where b = 1",
    "update t set a = 1,, b = 2 where b = 1",
    "update t set a = 1, where b = 1",
    "update t set a = 'x' 'y' where b = 1",
    "insert into t (a, b) values ('v1' 'v2')",
    "insert into t (a, b) values ('v1',, 'v2')",
    "insert into t (a, b) values ('v1', 'v2',)",
    "insert into t (a) values ('v1') ('v2')",
    "insert into t (a) values ('v1'),, ('v2')",
    "insert into t (a) values ('v1'),()",
    "insert into t (a) values (('v1'))",
  ])
    it(`refuses ${JSON.stringify(sentence)} in words`, () =>
      assert.throws(
        () => parseSentence(sentence),
        (error) => error instanceof CliError && error.exitCode === 2 && error.message.length > 10,
      ));
});
