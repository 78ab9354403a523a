// The character after which a `%` or `_` of a pattern stands for itself.

/** SQLite takes a single character, and none that ends its texts. */
export const isEscape = (raw: unknown): raw is string =>
  typeof raw === "string" && raw.length === 1 && raw !== "\0" && !/[\ud800-\udfff]/.test(raw);
