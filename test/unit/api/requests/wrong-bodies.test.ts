import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseRead } from "../../../../api/requests/read-request.ts";
import { parseWrite } from "../../../../api/requests/write-request.ts";
import { Refusal } from "../../../../core/errors.ts";
import { refusal } from "./refusals.ts";

describe("an error names the field", () => {
  const wrongReads: readonly (readonly [body: unknown, field: string])[] = [
    [null, "(body)"],
    [[], "(body)"],
    ["users", "(body)"],
    [{}, "table"],
    [{ table: 7 }, "table"],
    [{ table: "" }, "table"],
    [{ table: "t", columns: [] }, "columns"],
    [{ table: "t", columns: ["a", 7] }, "columns[1]"],
    [{ table: "t", columns: ["a", "a"] }, "columns"],
    [{ table: "t", columns: "count(*)" }, "columns"],
    [{ table: "t", columns: ["a", "COUNT(*)"] }, "columns"],
    [{ table: "t", column: "a,,b" }, "column"],
    [{ table: "t", column: "a b" }, "column"],
    [{ table: "t", column: "a", columns: "b" }, "column"],
    [{ table: "t", where: 7 }, "where"],
    [{ table: "t", where: ["a=1", 7] }, "where[1]"],
    [{ table: "t", where: { a: { "~": 1 } } }, "where.a.~"],
    [{ table: "t", where: { a: {} } }, "where.a"],
    [{ table: "t", where: { a: [1, [2]] } }, "where.a[1]"],
    [{ table: "t", where: { a: { "<": null } } }, "where.a.<"],
    [{ table: "t", limit: -1 }, "limit"],
    [{ table: "t", limit: "5" }, "limit"],
    [{ table: "t", offset: 1.5 }, "offset"],
    [{ table: "t", orderBy: ["a sideways"] }, "orderBy[0]"],
    [{ table: "t", orderBy: ["a, b"] }, "orderBy[0]"],
    [{ table: "t", orderBy: "a desc desc" }, "orderBy"],
    [{ table: "t", orderBy: "a," }, "orderBy"],
    [{ table: "t", orderBy: "" }, "orderBy"],
    [{ table: "t", orderBy: [] }, "orderBy"],
    [{ table: "t", where: { a: { like: { pattern: "x" } } } }, "where.a.like.escape"],
    [{ table: "t", where: { a: { like: { pattern: 1, escape: "!" } } } }, "where.a.like.pattern"],
    [{ table: "t", where: { a: { "not like": { pattern: "x", escape: "!!" } } } }, "where.a.not like.escape"],
    [{ table: "t", where: { a: { like: { pattern: "x", escape: "!", x: 1 } } } }, "where.a.like.x"],
    [{ table: "t", consistency: "best" }, "consistency"],
    [{ table: "t", count: 2 }, "count"],
    [{ table: "t", count: 1, columns: ["a"] }, "columns"],
  ];
  for (const [body, field] of wrongReads)
    it(`of the read ${JSON.stringify(body)}: ${field}`, () => {
      const { code, field: named } = refusal(parseRead, body);
      assert.deepEqual([code, named], ["bad_request", field]);
    });

  const wrongWrites: readonly (readonly [body: unknown, field: string])[] = [
    [undefined, "(body)"],
    [{ table: "t" }, "op"],
    [{ op: "replace", table: "t" }, "op"],
    [{ op: "insert", table: "t" }, "rows"],
    [{ op: "insert", table: "t", rows: [] }, "rows"],
    [{ op: "insert", table: "t", rows: {} }, "rows"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }], row: { a: 1 } }, "row"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { b: 1 }] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { a: 1, b: 1 }] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, 7] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { a: {} }] }, "rows[1].a"],
    [{ op: "insert", table: "t", rows: [{}] }, "rows[0]"],
    [{ op: "update", table: "t", where: "1=1" }, "set"],
    [{ op: "update", table: "t", set: {}, where: "1=1" }, "set"],
    [{ op: "update", table: "t", set: { a: [] }, where: "1=1" }, "set.a"],
    [{ op: "update", table: "t", set: { a: 1 } }, "where"],
    [{ op: "delete", table: "t" }, "where"],
    [{ op: "delete", table: "t", where: "" }, "where"],
    [{ op: "delete", table: "t", where: {} }, "where"],
    [{ op: "delete", table: "t", where: [] }, "where"],
    [{ table: "t", insert: ["a"] }, "column"],
    [{ table: "t", column: ["a", "b"], insert: ["x"] }, "insert"],
    [{ table: "t", column: ["a"], insert: [{}] }, "insert[0]"],
    [{ table: "t", column: "a,b", insert: "'x','y" }, "insert"],
    [{ table: "t", delete: 7 }, "delete"],
    [{ table: "t", delete: "" }, "delete"],
    [{ table: "t", column: ["a", "b"], delete: 7 }, "column"],
    [{ query: "drop", table: "t" }, "query"],
    [{ query: "insert", table: "t", values: 7 }, "values"],
    [{ query: "delete", table: "t" }, "condition"],
    [{ query: "update", table: "t", values: { a: 1 } }, "condition"],
    [{ query: "update", table: "t", condition: "1=1" }, "values"],
  ];
  for (const [body, field] of wrongWrites)
    it(`of the write ${JSON.stringify(body)}: ${field}`, () => {
      const { code, field: named } = refusal(parseWrite, body);
      assert.deepEqual([code, named], ["bad_request", field]);
    });

  it("suggests the key that was meant", () => {
    const { field, message } = refusal(parseRead, { table: "t", wher: "a=1" });
    assert.equal(field, "wher");
    assert.match(message, /did you mean where\?/);
    assert.match(refusal(parseWrite, { op: "inser", table: "t" }).message, /did you mean insert\?/);
  });

  it("bounds lists of conditions before it reads them", () => {
    const many = Array.from({ length: 300 }, () => "a=1");
    assert.match(refusal(parseRead, { table: "t", where: many }).message, /more than 256/);
    const nested = Array.from({ length: 200 }, () => "a=1 or b=2");
    assert.match(refusal(parseRead, { table: "t", where: nested }).message, /more than 256/);
  });
});

describe("any body", () => {
  const key = fc.constantFrom(
    ...["op", "table", "row", "rows", "set", "where", "insert", "delete", "column", "columns", "query"],
    ...["values", "condition", "count", "limit", "orderBy", "__proto__", "x"],
  );
  const leaf = fc.oneof(
    fc.constantFrom("insert", "update", "delete", "a=1", "a,b", "*"),
    fc.string(),
    fc.jsonValue(),
  );
  it("is understood or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(key, leaf), fc.jsonValue()), (body) => {
        for (const parse of [parseRead, parseWrite])
          try {
            parse(body);
          } catch (error) {
            assert.ok(error instanceof Refusal, String(error));
          }
      }),
      { numRuns: 2_000 },
    );
  });
});
