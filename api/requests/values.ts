// Values out of a parsed JSON body: what a column can hold, and nothing else; rows as objects -> columns and lists of values; and the
// values of one request as its shape refers to them.
import { Refusal } from "../../core/errors.ts";
import type { Param, Value } from "../../core/messages/statement.ts";
import { namesFrom } from "./names.ts";

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

/**
 * A number written without quotes inside a text. One that a double would change (`007`, 20 digits) stays a text: nothing
 * of it is lost, and the database compares it with a numeric column as the number it is.
 */
export function numberFromText(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
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
