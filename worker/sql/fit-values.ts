// PURE. The values of a request -> what goes into their columns, or is compared with them. What is stored is what was sent: a value
// of another type is refused instead of turned into something that only looks like it. In a comparison a text that is no
// number would make a constant of it for a column of numbers, which is never what its sender meant.
import { assertNever, Refusal } from "../../core/errors.ts";
import {
  type Condition,
  isColumns,
  type Param,
  statementLimits,
  type Value,
} from "../../core/messages/statement.ts";
import type { Column, ColumnType, Table } from "../../core/schema.ts";
import { withoutNul } from "./shape-sql.ts";

/** Texts that SQLite takes for numbers. */
const numberForm = /^[ \t\n\v\f\r]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\v\f\r]*$/i;
const wholeForm = /^[ \t\n\v\f\r]*[+-]?\d+[ \t\n\v\f\r]*$/;
const shownMax = 40;
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
function storedValue(value: Value, column: Column): Value {
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
function changedValue(value: Value, column: Column): Value {
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
function comparedValue(value: Value, column: Column): Value {
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

/** @throws Refusal when it is longer than it may be */
function comparedPattern(value: Value, bytesMax: number): string {
  const pattern = withoutNul(String(value));
  if (Buffer.byteLength(pattern) <= bytesMax) return pattern;
  throw new Refusal("bad_request", `pattern too complex: at most ${bytesMax} bytes`, "where");
}

/** What a parameter is for. */
export interface Use {
  readonly param: number;
  readonly column: Column;
  /** Only a new row has its key counted in the place of null: that is what sets a new value apart from a changed one. */
  readonly as: "inserted" | "changed" | "compared" | "listed" | "pattern";
  /** Whether the value, or which values of the list, may name a column. */
  readonly words?: true | readonly number[] | undefined;
}

const columnOf = (table: Table, name: string): Column | undefined =>
  table.columns.find((column) => column.name === name);

/** The uses of the parameters in a condition. Columns that the table has not are refused where they are compiled. */
export function conditionUses(table: Table, condition: Condition): readonly Use[] {
  switch (condition.op) {
    case "and":
    case "or":
      return condition.of.flatMap((part) => conditionUses(table, part));
    case "not":
      return conditionUses(table, condition.of);
    case "const":
    case "isNull":
      return [];
    default: {
      const column = columnOf(table, condition.column);
      return column === undefined ? [] : valueUses(column, condition);
    }
  }
}

function valueUses(
  column: Column,
  condition: Extract<Condition, { readonly column: string }>,
): readonly Use[] {
  if (condition.op === "isNull" || isColumns(condition)) return [];
  if (condition.op === "in")
    return [{ param: condition.param, column, as: "listed", words: condition.words }];
  if (condition.op !== "like")
    return [{ param: condition.param, column, as: "compared", words: condition.word }];
  const param = "pattern" in condition ? condition.pattern : condition.param;
  return [{ param, column, as: "pattern", words: condition.word }];
}

/** The uses of values that stand in the order of `columns`. */
export const storedUses = (
  table: Table,
  columns: readonly string[],
  as: "inserted" | "changed",
): readonly Use[] =>
  columns.flatMap((name, param) => {
    const column = columnOf(table, name);
    return column === undefined ? [] : [{ param, column, as }];
  });

/**
 * @returns the values as their columns take them: the same list when nothing had to be changed; undefined when a word among
 * them is a column of the table, so that the condition changes, too
 * @throws Refusal for a value that does not fit
 */
export function fitted(
  table: Table,
  uses: readonly Use[],
  params: readonly Param[],
  patternBytesMax: number = statementLimits.patternBytesMax,
): readonly Param[] | undefined {
  let changed: Param[] | undefined;
  for (const use of uses) {
    const param = params[use.param];
    if (param === undefined) continue;
    const fit = fittedParam(table, use, param, patternBytesMax);
    if (fit === undefined) return undefined;
    if (fit === param) continue;
    changed ??= [...params];
    changed[use.param] = fit;
  }
  return changed ?? params;
}

/** @returns undefined when it is a word that is a column of the table */
function fittedParam(
  table: Table,
  { as, column, words }: Use,
  param: Param,
  patternBytesMax: number,
): Param | undefined {
  const value = param as Value;
  switch (as) {
    case "inserted":
      return storedValue(value, column);
    case "changed":
      return changedValue(value, column);
    case "listed":
      return fittedList(table, column, param as readonly Value[], words as readonly number[] | undefined);
    case "compared":
      if (words !== undefined && isColumnName(table, value)) return undefined;
      return comparedValue(value, column);
    case "pattern":
      if (words !== undefined && isColumnName(table, value)) {
        const message = `LIKE takes a pattern: ${JSON.stringify(value)} is a column, as a pattern it needs single quotes`;
        throw new Refusal("bad_request", message, "where");
      }
      return comparedPattern(value, patternBytesMax);
    default:
      return assertNever(as);
  }
}

export const isColumnName = (table: Table, value: Value | undefined): value is string =>
  typeof value === "string" && columnOf(table, value) !== undefined;

function fittedList(
  table: Table,
  column: Column,
  entries: readonly Value[],
  words: readonly number[] | undefined,
): readonly Value[] | undefined {
  if (words?.some((i) => isColumnName(table, entries[i]))) return undefined;
  let changed = false;
  const values = entries.map((entry) => {
    const value = comparedValue(entry, column);
    changed ||= value !== entry;
    return value;
  });
  return changed ? values : entries;
}
