// PURE: what this application takes out of the database's rows.
import type { SqlAnswer, SqlAnswerValue } from "../../client/types.ts";

/** By the names of the columns. */
export type Row = Readonly<Record<string, SqlAnswerValue>>;

export const rowsIn = ({ columns, rows }: SqlAnswer): readonly Row[] =>
  rows.map((values) => Object.fromEntries(columns.map(({ name }, i) => [name, values[i] ?? null])));

/** @throws Error when the database's schema is not the one this application needs */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new Error(`column ${column} holds no text`);
  return value;
}

/** @throws Error when the database's schema is not the one this application needs */
export function numberIn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new Error(`column ${column} holds no number`);
  return value;
}
