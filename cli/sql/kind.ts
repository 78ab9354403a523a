// PURE: whether a statement only reads, so that a slave may answer it. What is taken for a write is carried out by the master, who
// answers reads as well.
import { sqlTokens } from "../../core/sql/tokens.ts";

const reading = new Set(["SELECT", "VALUES", "EXPLAIN"]);
const writing = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE"]);

export function onlyReads(sql: string): boolean {
  let first: string | undefined;
  for (const { kind, from, to } of sqlTokens(sql)) {
    if (kind !== "word") continue;
    const word = sql.slice(from, to).toUpperCase();
    first ??= word;
    if (first !== "WITH") return reading.has(first);
    if (writing.has(word)) return false;
  }
  return first === "WITH";
}
