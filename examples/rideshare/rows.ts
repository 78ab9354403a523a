// PURE: rows as the database service takes and answers them, and conditions on them.

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** Columns and what they equal, or what they come after. */
export type Where = Readonly<Record<string, Value | { readonly ">": Value }>>;

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
