import assert from "node:assert/strict";
import { test } from "node:test";
import { pageWhere } from "../../../examples/rideshare/paging.ts";

const users = { table: "users", columns: ["username"], key: "username" };
const rides = { table: "rides", columns: ["ride_id"], equals: { source: 3, destination: 4 }, key: "ride_id" };

test("the first page asks for everything that fits", () => {
  assert.deepEqual(pageWhere(users, undefined), {});
  assert.deepEqual(pageWhere(rides, undefined), { source: 3, destination: 4 });
});

test("the next page starts after the last row", () => {
  assert.deepEqual(pageWhere(users, { username: "O'Brien" }), { username: { ">": "O'Brien" } });
  assert.deepEqual(pageWhere(rides, { ride_id: 7 }), { source: 3, destination: 4, ride_id: { ">": 7 } });
});
