import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cellOf, rowsShown } from "../../../dashboard/model/cell.ts";
import { hashOf, placeOf } from "../../../dashboard/model/place.ts";
import { type SqlValue, sqlAnswerOf, sqlErrorOf } from "../../../dashboard/model/sql-answer.ts";
import { outcomeText } from "../../../dashboard/model/sql-outcome.ts";
import { anyCharacter } from "../../support/characters.ts";

const row = (json: string): readonly SqlValue[] =>
  sqlAnswerOf(`{"columns":[],"rows":[${json}]}`).results[0]?.rows[0] ?? [];

describe("an answer of the database", () => {
  it("keeps every digit, and tells texts, numbers, blobs and nothing apart", () =>
    assert.deepEqual(
      row('[9007199254740993,-9223372036854775808,1,1.0,9.0e+999,"1",null,"NULL",{"base64":"AP8="}]'),
      [
        { kind: "integer", text: "9007199254740993" },
        { kind: "integer", text: "-9223372036854775808" },
        { kind: "integer", text: "1" },
        { kind: "real", text: "1.0" },
        { kind: "real", text: "9.0e+999" },
        { kind: "text", text: "1" },
        { kind: "null" },
        { kind: "text", text: "NULL" },
        { kind: "blob", text: "AP8=" },
      ],
    ));

  it("has every text as it was, also with quotes, backslashes and digits in it", () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: anyCharacter })), (texts) => {
        const escaped = [...texts, 'a\\"1,2', '{"number":"7"}'];
        assert.deepEqual(
          row(JSON.stringify(escaped)),
          escaped.map((text) => ({ kind: "text", text })),
        );
      }),
    ));

  it("of a read has columns and rows, of a write what it changed, of several one for each", () => {
    const read = sqlAnswerOf(
      '{"columns":[{"name":"a","type":"TEXT"},{"name":"b","type":null}],"rows":[["x",1]]}',
    );
    assert.equal(read.rowsAffected, null);
    assert.deepEqual(read.results[0]?.columns, [
      { name: "a", type: "TEXT" },
      { name: "b", type: null },
    ]);
    const write = sqlAnswerOf(
      '{"rowsAffected":1,"lastInsertRowid":9007199254740993,"columns":[],"rows":[],"position":7}',
    );
    assert.deepEqual([write.rowsAffected, write.position], ["1", "7"]);
    assert.equal(write.results[0]?.lastInsertRowid, "9007199254740993");
    const several = sqlAnswerOf(
      '{"rowsAffected":3,"results":[{"rowsAffected":1},{"rowsAffected":2}],"position":8}',
    );
    assert.deepEqual(
      several.results.map(({ rowsAffected, rows }) => [rowsAffected, rows.length]),
      [
        ["1", 0],
        ["2", 0],
      ],
    );
  });

  it("that is an error has SQLite's name, and is none when it comes from elsewhere", () => {
    const error = sqlErrorOf(
      '{"error":{"code":"constraint_violation","message":"UNIQUE constraint failed: users.username","field":"username","sqlite":"SQLITE_CONSTRAINT_PRIMARYKEY"}}',
    );
    assert.ok(error !== undefined);
    assert.equal(
      outcomeText({ kind: "failed", error }),
      "UNIQUE constraint failed: users.username (SQLITE_CONSTRAINT_PRIMARYKEY, username)",
    );
    assert.equal(sqlErrorOf("<html>"), undefined);
    assert.equal(sqlErrorOf("[]"), undefined);
  });
});

describe("a cell", () => {
  const text = (value: string) => cellOf({ kind: "text", text: value });
  const blob = (bytes: number) =>
    cellOf({ kind: "blob", text: Buffer.alloc(bytes, 0xab).toString("base64") });

  it("shows numbers with all their digits, and infinities by their name", () => {
    assert.equal(cellOf({ kind: "integer", text: "9007199254740993" }).text, "9007199254740993");
    assert.equal(cellOf({ kind: "real", text: "-9.0e+999" }).text, "-Infinity");
  });

  it("cuts a long text, never through a character, and has all of it when asked", () => {
    assert.equal(text("x".repeat(160)).size, null);
    const long = `${"x".repeat(159)}😀${"y".repeat(2_000)}`;
    assert.equal(text(long).text, `${"x".repeat(159)}…`);
    assert.equal(text(long).size, "2,161 characters");
    assert.equal(text(long).whole(), long);
  });

  it("shows the bytes of a blob and how many they are", () => {
    assert.equal(blob(0).text, "x'' (0 bytes)");
    assert.equal(blob(1).text, "x'ab' (1 byte)");
    assert.equal(blob(24).size, null);
    assert.equal(blob(25).text, `x'${"ab".repeat(24)}…`);
    assert.equal(blob(25).size, "25 bytes");
    assert.equal(blob(20_000).whole(), `x'${"ab".repeat(20_000)}'`);
  });

  it("belongs to so many rows", () => {
    assert.equal(rowsShown(1, 500), "1 row");
    assert.equal(rowsShown(501, 500), "the first 500 of 501 rows");
  });
});

describe("the address of the page", () => {
  it("leads to the cluster, to the data, and to a table of any name", () => {
    for (const hash of ["", "#cluster", "#workers-card", "#database"])
      assert.deepEqual(placeOf(hash), { view: "cluster" }, hash);
    assert.deepEqual(placeOf("#data"), { view: "data", table: null });
    assert.deepEqual(placeOf("#data/"), { view: "data", table: null });
    assert.deepEqual(placeOf("#data/%"), { view: "data", table: null });
    for (const table of ["users", "a/b %20 ü", '"x"\n'])
      assert.deepEqual(placeOf(hashOf(table)), { view: "data", table });
  });
});
