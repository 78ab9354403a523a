// PURE. One value of a request -> what goes into its column, or is compared with it. What is stored is what was sent: a value
// of another type is refused instead of turned into something that only looks like it. In a comparison a text that is no
// number would make a constant of it for a column of numbers, which is never what its sender meant.
import { Refusal } from "../../core/errors.ts";
import type { Value } from "../../core/messages/statement.ts";
import type { Column, ColumnType } from "../../core/schema.ts";
import { withoutNul } from "./condition-sql.ts";

/** Texts that SQLite takes for numbers. */
const numberForm = /^[ \t\n\v\f\r]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\v\f\r]*$/i;
const wholeForm = /^[ \t\n\v\f\r]*[+-]?\d+[ \t\n\v\f\r]*$/;
const shownMax = 40;
/** One comparison with a pattern cannot be interrupted; its time is bounded by the lengths of text and pattern. */
export const patternBytesMax = 1_000;
const int64End = 2 ** 63;

/** Numbers of many digits travel as texts: shown without quotes. */
const shownNumber = (value: Value): string => String(value).slice(0, shownMax);

const kinds: Readonly<Record<ColumnType, string>> = {
  text: "a text",
  integer: "a whole number",
  real: "a number",
  boolean: "true or false",
};

function shown(value: Value): string {
  if (typeof value !== "string" || value.length <= shownMax) return JSON.stringify(value);
  return `${JSON.stringify(value.slice(0, shownMax).replace(/[\ud800-\udbff]$/, ""))}…`;
}

/** @throws Refusal naming the column as the field */
export function storedValue(value: Value, column: Column): Value {
  if (value === null) return null;
  if (column.autoIncrement) return countedKey(value, column);
  switch (column.type) {
    case "text":
      if (typeof value === "boolean") throw misfit(value, column);
      return typeof value === "number" ? String(value) : value;
    case "integer":
      return wholeNumber(value, column);
    case "real":
      return storedReal(value, column);
    case "boolean":
      if (typeof value !== "boolean" && !["0", "1"].includes(String(value))) throw misfit(value, column);
      return Boolean(Number(value));
  }
}

/** Of a row that is there. @throws Refusal naming the column as the field */
export function changedValue(value: Value, column: Column): Value {
  if (value === null && column.autoIncrement) throw misfit(value, column);
  return storedValue(value, column);
}

function wholeNumber(value: Value, column: Column): Value {
  const isNumber = typeof value === "number" || (typeof value === "string" && numberForm.test(value));
  const number = Number(value);
  if (!isNumber || (Number.isFinite(number) && !Number.isInteger(number))) throw misfit(value, column);
  // A double is too coarse for the last digits: the database counts those.
  if (Math.abs(number) <= int64End) return value;
  throw new Refusal(
    "bad_request",
    `must be between -2^63 and 2^63-1, not ${shownNumber(value)}`,
    column.name,
  );
}

function storedReal(value: Value, column: Column): Value {
  if (typeof value === "boolean" || (typeof value === "string" && !numberForm.test(value)))
    throw misfit(value, column);
  const number = Number(value);
  if (!Number.isFinite(number))
    throw new Refusal(
      "bad_request",
      `must be a number that a double can hold, not ${shownNumber(value)}`,
      column.name,
    );
  return exactReal(number);
}

/** SQLite reads a few doubles as their neighbours from fewer digits. */
function exactReal(value: number): Value {
  if (Number.isSafeInteger(value)) return value;
  const shortest = String(value);
  return shortest.length <= 15 && !shortest.includes("e") ? value : value.toPrecision(17);
}

/** A key beyond the numbers of JSON's readers could not be told exactly, and one at the end of the counter would end it. */
function countedKey(value: Value, column: Column): Value {
  const isNumber = typeof value === "number" || (typeof value === "string" && numberForm.test(value));
  if (!isNumber || !Number.isInteger(Number(value))) throw misfit(value, column);
  if (!Number.isSafeInteger(Number(value)))
    throw new Refusal(
      "bad_request",
      `must be between -(2^53-1) and 2^53-1, not ${shownNumber(value)}`,
      column.name,
    );
  return value;
}

const misfit = (value: Value, column: Column): Refusal =>
  new Refusal("bad_request", `must be ${kinds[column.type]}, not ${shown(value)}`, column.name);

/** @throws Refusal when the comparison could only be a constant */
export function comparedValue(value: Value, column: Column): Value {
  if (column.type === "text") {
    if (typeof value === "boolean") throw incomparable(value, column);
    return typeof value === "number" ? String(value) : value;
  }
  if (typeof value === "number") return exactReal(value);
  if (typeof value !== "string") return value;
  if (!numberForm.test(value)) throw incomparable(value, column);
  // Whole numbers of 64 bits are compared digit by digit, but with a real column as the doubles that it holds.
  if (column.type !== "real" && wholeForm.test(value)) return value;
  const number = Number(value);
  return Number.isFinite(number) ? exactReal(number) : value;
}

const incomparable = (value: Value, column: Column): Refusal =>
  new Refusal(
    "bad_request",
    `column ${column.name} is compared with ${kinds[column.type]}, not with ${shown(value)}`,
    "where",
  );

/** @throws Refusal when it is longer than SQLite takes */
export function comparedPattern(value: Value): string {
  const pattern = withoutNul(String(value));
  if (Buffer.byteLength(pattern) <= patternBytesMax) return pattern;
  throw new Refusal("bad_request", `pattern too complex: at most ${patternBytesMax} bytes`, "where");
}
