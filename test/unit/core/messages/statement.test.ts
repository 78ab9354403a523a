import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { knownSince, neededFor, type PartShape } from "../../../../core/messages/statement.ts";

const clear = { kind: "clear" } as const;
const row: PartShape = { kind: "delete", table: "t", where: { op: "const", value: true } };
const sql: PartShape = { kind: "sql", sql: "DELETE FROM t" };

describe("what a worker must know to carry a statement out", () => {
  it("is its kind", () => {
    assert.equal(neededFor(clear), knownSince.clear);
    assert.equal(neededFor(row), knownSince.delete);
    assert.equal(neededFor(sql), knownSince.sql);
  });

  it("is of several all of their kinds, and how they come together", () => {
    const together = (...shapes: readonly PartShape[]) =>
      neededFor({ kind: "batch", parts: shapes.map((shape) => ({ shape, rows: 1 })) });
    assert.equal(together(row), knownSince.batch);
    assert.equal(together(row, sql), Math.max(knownSince.batch, knownSince.sql));
  });
});
