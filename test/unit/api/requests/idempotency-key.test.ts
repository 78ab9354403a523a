import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headerIn, idempotencyKey } from "../../../../api/requests/schemas.ts";
import { clientKeyFrom, parseWrite } from "../../../../api/requests/write-request.ts";
import { refusal } from "./refusals.ts";

describe("an idempotency key", () => {
  const statement = parseWrite({ op: "insert", table: "t", row: { a: 1 } });

  it("is marked as the client's and comes with the request's fingerprint", () => {
    const first = clientKeyFrom("k-1", statement);
    assert.equal(first?.key, "c:k-1");
    assert.deepEqual(clientKeyFrom("k-1", statement), first);
    const other = parseWrite({ op: "insert", table: "t", row: { a: 2 } });
    assert.notEqual(clientKeyFrom("k-1", other)?.hash, first?.hash);
  });

  const hashOf = (body: unknown) => clientKeyFrom("k", parseWrite(body))?.hash;
  const insert = (row: object) => ({ op: "insert", table: "t", row });
  const update = (set: object, where: unknown) => ({ op: "update", table: "t", set, where });
  const remove = (where: unknown) => ({ op: "delete", table: "t", where });

  for (const [what, one, other] of [
    ["a row", insert({ a: 1, b: 2 }), insert({ b: 2, a: 1 })],
    [
      "rows",
      {
        op: "insert",
        table: "t",
        rows: [
          { a: 1, b: 2 },
          { a: 3, b: 4 },
        ],
      },
      {
        rows: [
          { b: 2, a: 1 },
          { a: 3, b: 4 },
        ],
        table: "t",
        op: "insert",
      },
    ],
    ["set", update({ a: 1, b: "x" }, { id: 3 }), update({ b: "x", a: 1 }, { id: 3 })],
    ["where", remove({ a: 1, b: [2, 3], c: null }), remove({ c: null, b: [2, 3], a: 1 })],
    ["operators", remove({ a: { ">": 1, "<": 9 } }), remove({ a: { "<": 9, ">": 1 } })],
    ["set and where", update({ a: 1, b: 2 }, { c: 3, d: 4 }), update({ b: 2, a: 1 }, { d: 4, c: 3 })],
    ["a text where", remove("b = 1 AND a = 2"), remove({ a: 2, b: 1 })],
    [
      "a pattern with an escape",
      remove("b LIKE 'x!_y' ESCAPE '!' AND a = 1 AND c = d"),
      remove("c = d AND a = 1 AND b LIKE 'x!_y' ESCAPE '!'"),
    ],
    ["a text with OR", remove("b = 1 OR (a = 2 AND c = 3)"), remove("(c = 3 AND a = 2) OR b = 1")],
  ] as const)
    it(`has the same fingerprint with its keys in another order: ${what}`, () =>
      assert.equal(hashOf(one), hashOf(other)));

  for (const [what, one, other] of [
    ["the values of two columns", insert({ a: 1, b: 2 }), insert({ a: 2, b: 1 })],
    ["the values of two conditions", remove({ a: 1, b: 2 }), remove({ a: 2, b: 1 })],
    [
      "rows",
      { op: "insert", table: "t", rows: [{ a: 1 }, { a: 2 }] },
      { op: "insert", table: "t", rows: [{ a: 2 }, { a: 1 }] },
    ],
    ["a list", remove({ a: [1, 2] }), remove({ a: [2, 1] })],
    ["set and where", update({ a: 1 }, { b: 2 }), update({ b: 2 }, { a: 1 })],
    ["what escapes in a pattern", remove("a LIKE 'x!' ESCAPE '!'"), remove("a LIKE 'x!' ESCAPE '#'")],
    ["AND and OR", remove("a = 1 AND b = 2"), remove("a = 1 OR b = 2")],
    ["what NOT is before", remove("NOT a = 1 AND b = 2"), remove("a = 1 AND NOT b = 2")],
    ["a number and a text", insert({ a: 1 }), insert({ a: "1" })],
    ["insert and upsert", insert({ a: 1 }), { ...insert({ a: 1 }), op: "upsert" }],
  ] as const)
    it(`has another fingerprint when something else is meant: ${what}`, () =>
      assert.notEqual(hashOf(one), hashOf(other)));

  it("is not needed", () => assert.equal(clientKeyFrom(undefined, statement), undefined));

  it("is refused when empty, too long or not visible ASCII", () => {
    for (const key of ["", "x".repeat(201), "a b", "ä"])
      assert.equal(
        refusal(() => headerIn({ "idempotency-key": key }, idempotencyKey), "").field,
        "Idempotency-Key",
      );
  });
});
