// Rows as objects -> columns and lists of values. All rows of one insert have the same columns.
import { Refusal } from "../../core/errors.ts";
import type { Param } from "../../core/messages/statement.ts";
import { namesFrom } from "./names.ts";
import { isRecord, isValue, notAValue } from "./values.ts";

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
