import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
    it(`understands ${sentence}`, () => assert.deepEqual(parseSentence(sentence), { kind, body }));

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
  ])
    it(`refuses ${JSON.stringify(sentence)} in words`, () =>
      assert.throws(
        () => parseSentence(sentence),
        (error) => error instanceof CliError && error.exitCode === 2 && error.message.length > 10,
      ));
});
