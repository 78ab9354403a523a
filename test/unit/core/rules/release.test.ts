import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteShape } from "../../../../core/messages/statement.ts";
import { droppedTable, released, without } from "../../../../core/rules/release.ts";
import type { Schema, Table } from "../../../../core/schema.ts";

const table = (name: string, refersTo?: string): Table => ({
  name,
  primaryKey: ["id"],
  columns: [
    {
      name: "id",
      type: "integer",
      ...(refersTo === undefined
        ? {}
        : { references: { table: refersTo, column: "id", onDelete: "restrict" as const } }),
    },
  ],
});

const schema = (...tables: readonly Table[]): Schema => ({ tables });
const sql = (text: string): WriteShape => ({ kind: "sql", sql: text, schema: true });

describe("the table that a statement drops", () => {
  it("is told however it is written", () => {
    for (const text of [
      "DROP TABLE old",
      "drop table if exists old;",
      " -- why\n DROP /* now */ TABLE main.old ; -- done",
      'DROP TABLE "old"',
      "DROP TABLE [old]",
      "DROP TABLE IF EXISTS main . `old`",
    ])
      assert.equal(droppedTable(text), "old", text);
    assert.equal(droppedTable('DROP TABLE "o""ld"'), 'o"ld');
  });

  it("is none of any other statement", () => {
    for (const text of [
      "DROP VIEW old",
      "ALTER TABLE old RENAME TO new",
      "CREATE TABLE old (x)",
      "DROP TABLE",
      "",
    ])
      assert.equal(droppedTable(text), undefined, text);
  });
});

describe("a master lets go of", () => {
  const have = schema(table("users"), table("old"), table("older", "old"));
  const want = schema(table("users"));
  const releasedBy = (shapes: readonly WriteShape[], wanted = want) => released(shapes, have, wanted);

  it("a table that the manifest no longer names, when it is to be dropped", () => {
    assert.deepEqual(releasedBy([sql("DROP TABLE Older")]), ["older"]);
    const parts = [{ shape: sql("DROP TABLE older"), rows: 1 }] as never;
    assert.deepEqual(releasedBy([{ kind: "batch", parts }]), ["older"]);
  });

  it("none that the manifest names, none that it never made, and none that another one refers to", () => {
    assert.deepEqual(releasedBy([sql("DROP TABLE users"), sql("DROP TABLE strange")]), []);
    assert.deepEqual(releasedBy([sql("DROP TABLE old")]), []);
    assert.deepEqual(releasedBy([sql("DROP TABLE older"), sql("DROP TABLE old")]), ["old", "older"]);
    assert.deepEqual(releasedBy([{ kind: "sql", sql: "DELETE FROM old" }]), []);
    assert.deepEqual(releasedBy([sql("DROP TABLE older")], have), []);
  });

  it("none that one refers to which is to be dropped, but has to stay for another's sake", () => {
    const chain = schema(table("users"), table("old"), table("older", "old"), table("oldest", "older"));
    const both = [sql("DROP TABLE older"), sql("DROP TABLE old")];
    assert.deepEqual(released(both, chain, want), []);
    assert.deepEqual(released([...both, sql("DROP TABLE oldest")], chain, want), ["old", "older", "oldest"]);
    const itself = schema(table("users"), table("old", "old"));
    assert.deepEqual(released([sql("DROP TABLE old")], itself, want), ["old"]);
  });

  it("and what is left are the others", () => {
    assert.deepEqual(without(have, ["older"]), schema(table("users"), table("old")));
    assert.equal(without(have, ["strange"]), have);
    assert.equal(without(have), have);
  });
});
