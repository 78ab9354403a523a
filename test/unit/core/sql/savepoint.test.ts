import assert from "node:assert/strict";
import { it } from "node:test";
import { savepointIn } from "../../../../core/sql/savepoint.ts";

it("a savepoint is told by its words, with its name as SQLite reads it", () => {
  for (const [sql, does, name] of [
    ["SAVEPOINT a", "set", "a"],
    ["/* so */ savepoint\n  A -- far\n;", "set", "A"],
    ['SAVEPOINT "a ""b"""', "set", 'a "b"'],
    ["SAVEPOINT [a b]", "set", "a b"],
    ["SAVEPOINT `a``b`", "set", "a`b"],
    ["SAVEPOINT 'a'", "set", "a"],
    ["SAVEPOINT savepoint", "set", "savepoint"],
    ["RELEASE a", "release", "a"],
    ["RELEASE SAVEPOINT a", "release", "a"],
    ["RELEASE savepoint", "release", "savepoint"],
    ["ROLLBACK TO a", "undo", "a"],
    ["rollback transaction to savepoint a", "undo", "a"],
  ])
    assert.deepEqual(savepointIn(String(sql)), { does, name }, sql);
});

it("what is none is told so", () => {
  for (const sql of [
    "",
    "SAVEPOINT",
    "SAVEPOINT a b",
    "SAVEPOINT (a)",
    'SAVEPOINT "a',
    "RELEASE",
    "RELEASE SAVEPOINT a b",
    "ROLLBACK",
    "ROLLBACK TO",
    "ROLLBACK TO SAVEPOINT a b",
    "SELECT 1",
  ])
    assert.equal(savepointIn(sql), undefined, sql);
});
