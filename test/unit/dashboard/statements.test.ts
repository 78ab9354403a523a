import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scriptOf, withStatement, writeBody } from "../../../dashboard/model/statements.ts";

describe("the query box", () => {
  for (const sql of [
    "SELECT 1",
    "select ';' -- and; more",
    "VALUES (1)",
    "EXPLAIN DELETE FROM t",
    "WITH a AS (SELECT 1), b(x) AS (SELECT (2)) SELECT * FROM a, b",
    "/* DELETE */ SELECT 1;",
  ])
    it(`reads by ${sql}`, () => assert.equal(scriptOf(sql).kind, "read"));

  for (const sql of [
    "INSERT INTO t VALUES (1)",
    "-- SELECT\nupdate t set a = 1",
    "WITH a AS (SELECT 1) DELETE FROM t WHERE id IN a",
    "WITH RECURSIVE a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
    "CREATE TABLE t (a)",
    "REPLACE INTO t VALUES (1)",
    "nonsense",
    "WITH a",
    "SELECT 1; SELECT 2",
  ])
    it(`asks before ${JSON.stringify(sql)}`, () => assert.equal(scriptOf(sql).kind, "write"));

  it("has nothing to run where there are only spaces and comments", () => {
    for (const text of ["", " ; ;", "-- nothing\n/* at all */"]) assert.equal(scriptOf(text).kind, "empty");
  });

  it("sends one statement as it is, and several as one request", () => {
    assert.deepEqual(writeBody(["DELETE FROM t"]), { sql: "DELETE FROM t" });
    const script = scriptOf("DELETE FROM t; INSERT INTO t VALUES (';')");
    assert.ok(script.kind === "write");
    assert.deepEqual(writeBody(script.statements), {
      statements: [{ sql: "DELETE FROM t" }, { sql: "INSERT INTO t VALUES (';')" }],
    });
  });

  it("remembers the last 20, each once, the newest first", () => {
    const texts = Array.from({ length: 25 }, (_, i) => `SELECT ${i}`);
    const history = texts.reduce<readonly string[]>(withStatement, []);
    assert.equal(history.length, 20);
    assert.equal(history[0], "SELECT 24");
    assert.deepEqual(withStatement(history, "SELECT 20").slice(0, 2), ["SELECT 20", "SELECT 24"]);
    assert.equal(withStatement(history, "SELECT 20").length, 20);
  });
});
