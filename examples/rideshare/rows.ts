// PURE: what this application takes out of the database's rows.
import type { Row } from "../../client/types.ts";

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
