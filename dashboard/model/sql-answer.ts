// PURE: the JSON of db/read and db/write -> what the page shows of it. Numbers keep the digits that the service sent: to read them as
// JavaScript's own would round whole numbers beyond 2^53, and make 1.0 and 1 the same.

export type SqlValue =
  | { readonly kind: "null" }
  | { readonly kind: "integer" | "real" | "text" | "blob"; readonly text: string };

export interface SqlColumn {
  readonly name: string;
  /** As the table declares it; null for an expression. */
  readonly type: string | null;
}

export interface SqlTable {
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export interface SqlResult extends SqlTable {
  readonly rowsAffected: string | null;
  readonly lastInsertRowid: string | null;
}

export interface SqlAnswer {
  /** One for each statement. */
  readonly results: readonly SqlResult[];
  /** Of all statements together; null of a read. */
  readonly rowsAffected: string | null;
  /** The place of a write in the log. */
  readonly position: string | null;
}

export interface SqlError {
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  /** SQLite's own name of it. */
  readonly sqlite: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Texts, which stay as they are, and numbers, which become texts in an object of their own. */
const textsAndNumbers = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;

const parseExact = (json: string): unknown =>
  JSON.parse(json.replace(textsAndNumbers, (token) => (token[0] === '"' ? token : `{"number":"${token}"}`)));

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const digitsOf = (value: unknown): string | null =>
  isFields(value) && typeof value.number === "string" ? value.number : null;

function sqlValueOf(value: unknown): SqlValue {
  if (typeof value === "string") return { kind: "text", text: value };
  const digits = digitsOf(value);
  if (digits !== null) return { kind: /[.eE]/.test(digits) ? "real" : "integer", text: digits };
  if (isFields(value) && typeof value.base64 === "string") return { kind: "blob", text: value.base64 };
  return { kind: "null" };
}

const columnOf = (value: unknown): SqlColumn => ({
  name: isFields(value) && typeof value.name === "string" ? value.name : "",
  type: isFields(value) && typeof value.type === "string" ? value.type : null,
});

const resultOf = (value: unknown): SqlResult => {
  const { columns, rows, rowsAffected, lastInsertRowid } = isFields(value) ? value : ({} satisfies Fields);
  return {
    columns: listOf(columns).map(columnOf),
    rows: listOf(rows).map((row) => listOf(row).map(sqlValueOf)),
    rowsAffected: digitsOf(rowsAffected),
    lastInsertRowid: digitsOf(lastInsertRowid),
  };
};

/** @throws SyntaxError when it is not JSON */
export function sqlAnswerOf(json: string): SqlAnswer {
  const answer = parseExact(json);
  const { results, rowsAffected, position } = isFields(answer) ? answer : ({} satisfies Fields);
  return {
    results: Array.isArray(results) ? results.map(resultOf) : [resultOf(answer)],
    rowsAffected: digitsOf(rowsAffected),
    position: digitsOf(position),
  };
}

/** @returns undefined when it is no answer of the service, but of something before it */
export function sqlErrorOf(json: string): SqlError | undefined {
  try {
    const answer: unknown = JSON.parse(json);
    const error = isFields(answer) ? answer.error : undefined;
    if (!isFields(error) || typeof error.message !== "string") return undefined;
    const { code, message, field, sqlite } = error;
    const orNull = (value: unknown) => (typeof value === "string" ? value : null);
    return { code: orNull(code) ?? "", message, field: orNull(field), sqlite: orNull(sqlite) };
  } catch {
    return undefined;
  }
}
