// PURE. Calls of `json_each` go to the other function of its kind in a database that has a table of that name.

export const isShadowed = (error: unknown): boolean =>
  error instanceof Error && /'json_each' is not a function/i.test(error.message);

export const unshadowed = (sql: string): string => sql.replaceAll("json_each(", "jsonb_each(");
