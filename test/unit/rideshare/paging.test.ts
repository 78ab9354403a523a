import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pageCondition } from "../../../examples/rideshare/paging.ts";
import { retryDelayMs } from "../../../examples/rideshare/patience.ts";
import { literal } from "../../../examples/rideshare/rows.ts";
import { parseWhere } from "./fake-tables.ts";

const users = { table: "users", columns: ["username"], key: "username" };
const rides = { table: "rides", columns: ["ride_id"], equals: { source: 3, destination: 4 }, key: "ride_id" };

test("the first page asks for everything that fits", () => {
  assert.equal(pageCondition(users, undefined), "1=1");
  assert.equal(pageCondition(rides, undefined), "source = 3 AND destination = 4");
});

test("the next page starts after the last row", () => {
  assert.equal(pageCondition(users, { username: "O'Brien" }), "username > 'O''Brien'");
  assert.equal(pageCondition(rides, { ride_id: 7 }), "source = 3 AND destination = 4 AND ride_id > 7");
});

test("no text breaks out of its quotes", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, other) => {
      const matches = parseWhere(`username = ${literal(text)}`);
      assert.equal(matches({ username: text }), true);
      assert.equal(matches({ username: other }), text === other);
    }),
  );
});

test("the wait between tries grows and has an end", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 1000].map(retryDelayMs), [50, 100, 200, 400, 800, 1000, 1000]);
});
