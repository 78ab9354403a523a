import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonFrom } from "../../../../api/requests/json-body.ts";
import { parseRead } from "../../../../api/requests/read-request.ts";
import { parseWrite } from "../../../../api/requests/write-request.ts";
import { refusal } from "./refusals.ts";

describe("a native write", () => {
  it("inserts rows given as objects, whatever the order of their columns", () => {
    const body = {
      op: "insert",
      table: "t",
      rows: [
        { a: 1, b: null },
        { b: true, a: "x" },
      ],
    };
    assert.deepEqual(parseWrite(body), {
      shape: { kind: "insert", table: "t", columns: ["a", "b"] },
      rows: [
        [1, null],
        ["x", true],
      ],
    });
  });

  it("upserts a single row", () => {
    assert.deepEqual(parseWrite({ op: "upsert", table: "t", row: { a: 1 } }), {
      shape: { kind: "insert", table: "t", columns: ["a"], onConflict: "update" },
      rows: [[1]],
    });
  });

  it("numbers an update's new values before those of its condition", () => {
    assert.deepEqual(parseWrite({ op: "update", table: "t", set: { a: 1, b: 2 }, where: "c IN (3, 4)" }), {
      shape: { kind: "update", table: "t", set: ["a", "b"], where: { op: "in", column: "c", param: 2 } },
      rows: [[1, 2, [3, 4]]],
    });
  });

  it("deletes by a condition of any form", () => {
    const where = { a: null, b: [1, 2], c: { "!=": null, "not like": "x%", "<": 5 } };
    assert.deepEqual(parseWrite({ op: "delete", table: "t", where }), {
      shape: {
        kind: "delete",
        table: "t",
        where: {
          op: "and",
          of: [
            { op: "isNull", column: "a" },
            { op: "in", column: "b", param: 0 },
            {
              op: "and",
              of: [
                { op: "not", of: { op: "isNull", column: "c" } },
                { op: "not", of: { op: "like", column: "c", param: 1 } },
                { op: "<", column: "c", param: 2 },
              ],
            },
          ],
        },
      },
      rows: [[[1, 2], "x%", 5]],
    });
  });

  it("keeps a column called __proto__ a column", () => {
    const body = jsonFrom(Buffer.from('{"op":"insert","table":"t","row":{"__proto__":1}}'));
    assert.deepEqual(parseWrite(body), {
      shape: { kind: "insert", table: "t", columns: ["__proto__"] },
      rows: [[1]],
    });
  });
});

describe("a native read", () => {
  it("orders, limits and skips", () => {
    const body = {
      table: "t",
      columns: ["a"],
      where: "a > 1",
      orderBy: ["a desc", { column: "b" }],
      limit: 10,
      offset: 20,
      consistency: "strong",
    };
    assert.deepEqual(parseRead(body), {
      shape: {
        kind: "select",
        table: "t",
        columns: ["a"],
        where: { op: ">", column: "a", param: 0 },
        orderBy: [
          { column: "a", descending: true },
          { column: "b", descending: false },
        ],
        limit: 1,
        offset: 2,
      },
      params: [1, 10, 20],
      strong: true,
    });
    assert.deepEqual(parseRead({ table: "t", orderBy: "a, b DESC" }).shape, {
      kind: "select",
      table: "t",
      columns: "*",
      orderBy: [
        { column: "a", descending: false },
        { column: "b", descending: true },
      ],
    });
  });

  it("takes a name in quotes wherever a name may stand", () => {
    const plain = parseRead({ table: "t", columns: ["a"], where: { b: 1 }, orderBy: [{ column: "c" }] });
    const quoted = [
      { table: '"t"', columns: ['"a"'], where: { '"b"': 1 }, orderBy: [{ column: '"c"' }] },
      { table: "`t`", columns: '"a"', where: '"b" = 1', orderBy: '"c" asc' },
      { table: "t", columns: ["`a`"], where: ["`b` = 1"], orderBy: ["`c`"] },
    ];
    for (const body of quoted) assert.deepEqual(parseRead(body), plain, JSON.stringify(body));
    assert.deepEqual(
      parseWrite({ op: "insert", table: '"t"', rows: [{ '"a"': 1 }, { '"a"': 2 }] }),
      parseWrite({ op: "insert", table: "t", rows: [{ a: 1 }, { a: 2 }] }),
    );
    assert.equal(
      refusal(parseWrite, { op: "insert", table: "t", row: { a: 1, '"a"': 2 } }).message,
      "names a twice",
    );
  });

  it("counts what fulfils a condition", () => {
    assert.deepEqual(parseRead({ table: "t", count: true, where: { a: 1 } }), {
      shape: { kind: "count", table: "t", where: { op: "=", column: "a", param: 0 } },
      params: [1],
      strong: false,
    });
  });
});
