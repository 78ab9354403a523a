// Names and values out of a parsed JSON body: columns by their names, what a column can hold and nothing else, rows as objects ->
// columns and lists of values, and the values of one request as its shape refers to them. Whether the columns exist is for the
// workers to say, who know the schema.

import { Refusal } from "../../core/errors.ts";
import type { Param, Value } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { separated } from "./tokens.ts";

export const isValue = (raw: unknown): raw is Value =>
  typeof raw === "string" ||
  typeof raw === "boolean" ||
  raw === null ||
  (typeof raw === "number" && Number.isFinite(raw));

export const isRecord = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw);

const notAValue = (field: string): Refusal =>
  new Refusal("bad_request", "must be a text, a number, true, false or null", field);

/** @throws Refusal naming the field */
export function valueAt(raw: unknown, field: string): Value {
  if (isValue(raw)) return raw;
  throw notAValue(field);
}

export class Params {
  readonly #values: Param[];

  /** @param first values that already stand before those added, for instance the new values of an update */
  constructor(first: readonly Param[] = []) {
    this.#values = [...first];
  }

  /** @returns the number by which a shape refers to the value */
  add(value: Param): number {
    return this.#values.push(value) - 1;
  }

  get values(): readonly Param[] {
    return this.#values;
  }
}

export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Param[])[];
}

/** @throws Refusal naming the row, for instance `rows[2]`, or the value in it */
export function rowsFrom(raws: readonly unknown[], fieldOf: (row: number) => string): Rows {
  const keys = Object.keys(recordAt(raws[0], 0, fieldOf));
  if (keys.length === 0) throw new Refusal("bad_request", "must have at least one column", fieldOf(0));
  const columns = namesFrom(keys, fieldOf(0));
  const rows = raws.map((raw, i) => {
    const row = recordAt(raw, i, fieldOf);
    if (i > 0 && Object.keys(row).length !== keys.length) throw otherColumns(keys, fieldOf(i));
    return valuesOf(row, keys, i, fieldOf);
  });
  return { columns, rows };
}

function recordAt(
  raw: unknown,
  i: number,
  fieldOf: (row: number) => string,
): Readonly<Record<string, unknown>> {
  if (isRecord(raw)) return raw;
  throw new Refusal("bad_request", "must be an object of columns and values", fieldOf(i));
}

function valuesOf(
  row: Readonly<Record<string, unknown>>,
  columns: readonly string[],
  i: number,
  fieldOf: (row: number) => string,
): readonly Param[] {
  return columns.map((column) => {
    if (!Object.hasOwn(row, column)) throw otherColumns(columns, fieldOf(i));
    const value = row[column];
    if (!isValue(value)) throw notAValue(`${fieldOf(i)}.${column}`);
    return value;
  });
}

const otherColumns = (columns: readonly string[], field: string): Refusal =>
  new Refusal("bad_request", `must have the same columns as the first row: ${columns.join(", ")}`, field);

/** SQL's way to count, which is no column. */
const countForm = /^\s*count\s*\(/i;

/**
 * Names of columns: a list of names, one name, or the legacy text `username,password`, where each name may be in quotes.
 * @throws Refusal naming the field
 */
export function namesFrom(raw: unknown, field: string): readonly string[] {
  const names = typeof raw === "string" ? namesFromText(raw, field) : unquotedNames(raw);
  if (!Array.isArray(names) || names.length === 0)
    throw new Refusal("bad_request", "must be a list of column names", field);
  if (names.length > bounds.columnsMax)
    throw new Refusal("bad_request", `must have at most ${bounds.columnsMax} columns`, field);
  const seen = new Set<string>();
  for (let i = 0; i < names.length; i++) {
    const name: unknown = names[i];
    if (typeof name !== "string" || name === "" || name.length > bounds.nameLengthMax)
      throw new Refusal("bad_request", "must be the name of a column", `${field}[${i}]`);
    if (name.includes("(")) refuseCount(name, field);
    if (seen.has(name)) throw new Refusal("bad_request", `names ${name} twice`, field);
    seen.add(name);
  }
  return names;
}

/** `"order"` and `` `order` `` are the name order, wherever a name may stand. */
export function unquotedName(name: string): string {
  const quote = name.charAt(0);
  if ((quote !== '"' && quote !== "`") || name.length < 2 || !name.endsWith(quote)) return name;
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}

const unquotedNames = (raw: unknown): unknown =>
  Array.isArray(raw)
    ? raw.map((name: unknown) => (typeof name === "string" ? unquotedName(name) : name))
    : raw;

/** For reads, where `*` or no list at all is every column. */
export function selectedFrom(raw: unknown, field: string): readonly string[] | "*" {
  if (raw === undefined) return "*";
  if (typeof raw === "string" && raw.trim() === "*") return "*";
  if (Array.isArray(raw) && raw.length === 1 && raw[0] === "*") return "*";
  return namesFrom(raw, field);
}

function namesFromText(text: string, field: string): readonly string[] {
  refuseCount(text, field);
  return separated(text, field).map(({ text: name }) => name);
}

function refuseCount(text: string, field: string): void {
  if (countForm.test(text))
    throw new Refusal("bad_request", 'must be columns; {"table", "count": true} counts rows', field);
}
