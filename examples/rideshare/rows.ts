// PURE: rows as the database service answers them, and conditions as text for it.

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

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

/** A value as the service's condition parser reads it: a quote within a text is doubled. */
export const literal = (value: string | number): string =>
  typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
