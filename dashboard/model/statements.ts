// PURE: what stands in the query box -> the request that it becomes.
import { splitScript } from "../../core/sql/split-script.ts";
import { sqlTokens } from "../../core/sql/tokens.ts";

/** `write`: goes to db/write, by the role writer alone, and is asked about before it is sent. */
export type Script =
  | { readonly kind: "empty" }
  | { readonly kind: "read"; readonly sql: string }
  | { readonly kind: "write"; readonly statements: readonly string[] };

/** What only reads. Where that is wrong, the service says so: it asks SQLite. */
const readers = new Set(["SELECT", "VALUES", "EXPLAIN", "PRAGMA"]);
/** What the parts of a WITH may be in front of. */
const behindWith = new Set(["SELECT", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE"]);

export function scriptOf(text: string): Script {
  const { statements: ended, rest } = splitScript(text);
  const statements = [...ended, rest].filter((statement) => statement !== "");
  const [sql] = statements;
  if (sql === undefined) return { kind: "empty" };
  // Several are one request of db/write, all of them or nothing.
  return statements.length === 1 && readers.has(verbOf(sql))
    ? { kind: "read", sql }
    : { kind: "write", statements };
}

function verbOf(sql: string): string {
  let depth = 0;
  let inWith = false;
  for (const { kind, from, to } of sqlTokens(sql)) {
    const token = sql.slice(from, to).toUpperCase();
    if (token === "(") depth++;
    else if (token === ")") depth--;
    if (kind !== "word" || depth > 0) continue;
    if (!inWith && token !== "WITH") return token;
    inWith = true;
    if (behindWith.has(token)) return token;
  }
  return "";
}

/** The body of the request for db/write. */
export const writeBody = (statements: readonly string[]): unknown =>
  statements.length === 1 ? { sql: statements[0] } : { statements: statements.map((sql) => ({ sql })) };

/** The last ones, newest first; the same one only once. */
export const withStatement = (history: readonly string[], text: string): readonly string[] =>
  [text, ...history.filter((one) => one !== text)].slice(0, 20);
