import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLocality, parseRoute } from "../../../examples/rideshare/rules/localities.ts";
import { parseJoin, parseNewRide, parseRideId } from "../../../examples/rideshare/rules/rides.ts";
import { isTimestamp, isUpcoming } from "../../../examples/rideshare/rules/timestamp.ts";
import { isPassword, isUsername, parseNewUser } from "../../../examples/rideshare/rules/users.ts";

test("every locality from 1 to 198 is known as a number and as digits, and no other number is", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1000, max: 1000 }), (number) => {
      const expected = number >= 1 && number <= 198 ? number : undefined;
      assert.equal(parseLocality(number), expected);
      assert.equal(parseLocality(String(number)), expected);
    }),
  );
});

test("what is neither a whole number nor digits is no locality", () => {
  for (const value of [
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "",
    " 1",
    "+1",
    "1.0",
    "0x1",
    "१",
    null,
    [1],
    {},
  ])
    assert.equal(parseLocality(value), undefined);
});

test("a route has two different ends", () => {
  assert.deepEqual(parseRoute("1", 2), { source: 1, destination: 2 });
  assert.equal(parseRoute(2, "2"), undefined);
});

const two = (value: number) => String(value).padStart(2, "0");
const stamp = (at: Date) =>
  `${two(at.getDate())}-${two(at.getMonth() + 1)}-${String(at.getFullYear()).padStart(4, "0")}:` +
  `${two(at.getSeconds())}-${two(at.getMinutes())}-${two(at.getHours())}`;

test("every second of the years 1 to 9999 has a timestamp, which is upcoming just until then", () => {
  const dates = fc.date({ min: new Date(1, 0, 2), max: new Date(9999, 11, 30), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      const at = new Date(
        date.getFullYear(),
        date.getMonth(),
        date.getDate(),
        12,
        date.getMinutes(),
        date.getSeconds(),
      );
      at.setFullYear(date.getFullYear());
      const text = stamp(at);
      assert.ok(isTimestamp(text), text);
      assert.equal(isUpcoming(text, new Date(at.getTime() - 1)), true);
      assert.equal(isUpcoming(text, at), false);
    }),
  );
});

test("seconds come first and hours last", () => {
  assert.ok(isTimestamp("05-10-2030:59-58-23"));
  assert.ok(!isTimestamp("05-10-2030:23-58-59"));
  const eleven = "05-10-2030:01-02-11";
  assert.equal(isUpcoming(eleven, new Date(2030, 9, 5, 11, 2, 0)), true);
  assert.equal(isUpcoming(eleven, new Date(2030, 9, 5, 11, 2, 1)), false);
});

test("days that no calendar has are no timestamps", () => {
  for (const day of [
    "29-02-2023",
    "29-02-1900",
    "30-02-2024",
    "31-04-2024",
    "32-01-2024",
    "00-01-2024",
    "01-00-2024",
  ])
    assert.ok(!isTimestamp(`${day}:00-00-00`), day);
  for (const day of ["29-02-2024", "29-02-2000", "31-12-2024"])
    assert.ok(isTimestamp(`${day}:00-00-00`), day);
});

test("a text that is no timestamp is never upcoming", () => {
  fc.assert(fc.property(fc.string(), (text) => isTimestamp(text) || !isUpcoming(text, new Date(0))));
});

test("a password is forty hexadecimal digits in either case", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9a-fA-F]{40}$/),
      (text) => isPassword(text) && !isPassword(`${text}0`),
    ),
  );
  assert.ok(!isPassword(`${"a".repeat(40)}\n`));
});

test("any text but the empty one and half a character is a username", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, unit: "grapheme" }), isUsername));
  assert.ok(isUsername("x".repeat(1_000_000)));
  for (const value of ["", "\ud800", "a\udc00b", 5, null, undefined, ["a"]]) assert.ok(!isUsername(value));
});

test("bodies are read whatever JSON they are, and fields nobody asked for are left out", () => {
  const password = "a".repeat(40);
  assert.deepEqual(parseNewUser({ username: "asha", password, admin: true }), { username: "asha", password });
  const ride = {
    created_by: "asha",
    timestamp: "01-01-2030:00-00-00",
    source: "4",
    destination: 5,
    seats: 3,
  };
  const parsed = { createdBy: "asha", timestamp: "01-01-2030:00-00-00", source: 4, destination: 5 };
  assert.deepEqual(parseNewRide(ride), parsed);
  assert.equal(parseJoin({ username: "asha", ride: 1 }), "asha");
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      assert.equal(parseNewRide(body), undefined);
      assert.equal(parseNewUser(body), undefined);
    }),
  );
});

test("a whole number of any length names a ride, and nothing else does", () => {
  assert.equal(parseRideId("42"), 42);
  assert.equal(parseRideId("0042"), 42);
  assert.equal(parseRideId("9".repeat(10_000)), "unknown");
  for (const text of [undefined, "", "4.2", "4e2", "count", "4 ", "--4", "-"])
    assert.equal(parseRideId(text), undefined);
});
