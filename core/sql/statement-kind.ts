// What a statement of SQL is, told by its words alone: who carries it out is decided by it. One that is told wrongly fails where it is
// carried out, for what only reads is never let write.
import { sqlTokens } from "./tokens.ts";

export type StatementKind =
  | "read"
  | "write"
  /** PRAGMA foreign_keys=off, which tools send before a migration, and =on behind it. */
  | "referencesOff"
  | "referencesOn"
  | "begin"
  /** BEGIN TRANSACTION READONLY, which is no SQLite's. */
  | "beginReadOnly"
  | "commit"
  | "rollback"
  | "savepoint";

const kinds: Readonly<Record<string, StatementKind>> = {
  "": "read",
  SELECT: "read",
  VALUES: "read",
  EXPLAIN: "read",
  COMMIT: "commit",
  END: "commit",
  SAVEPOINT: "savepoint",
  RELEASE: "savepoint",
};

/** After BEGIN or ROLLBACK no more words than these matter. */
const wordsMax = 8;

export function statementKind(sql: string): StatementKind {
  const words = outerWords(sql);
  const first = words.next().value ?? "";
  switch (first) {
    case "BEGIN":
      return some(words).includes("READONLY") ? "beginReadOnly" : "begin";
    case "ROLLBACK":
      return some(words).includes("TO") ? "savepoint" : "rollback";
    case "PRAGMA":
      return pragmaKind(sql);
    case "WITH":
      return kindBehindWith(words);
    default:
      return Object.hasOwn(kinds, first) ? (kinds[first] ?? "write") : "write";
  }
}

function some(words: Iterator<string, undefined>): readonly string[] {
  const all: string[] = [];
  for (let word = words.next(); !word.done && all.length < wordsMax; word = words.next())
    all.push(word.value);
  return all;
}

const pragmaForm = /pragma\s+(?:\w+\s*\.\s*)?(\w+)\s*(?:([=(])\s*["']?(\w+)?)?/i;
/** As SQLite reads it: whatever else is given means the same as `off`. */
const onForm = /^(?:on|true|yes|[1-9]\d*)$/i;

function pragmaKind(sql: string): StatementKind {
  const [, name = "", sets, value = ""] = pragmaForm.exec(sql) ?? [];
  if (sets === undefined) return "read";
  if (name.toLowerCase() === "foreign_keys") return onForm.test(value) ? "referencesOn" : "referencesOff";
  // A table stands in the parentheses of most.
  return sets === "=" || name.toLowerCase() === "user_version" ? "write" : "read";
}

/** What common table expressions stand before. One may be called `replace`. */
function kindBehindWith(words: Iterator<string, undefined>): StatementKind {
  let last = "";
  for (let word = words.next(); !word.done; word = words.next()) {
    const { value } = word;
    if (value === "SELECT" || value === "VALUES") return "read";
    if (value === "INSERT" || value === "UPDATE" || value === "DELETE") return "write";
    if (value === "INTO" && last === "REPLACE") return "write";
    last = value;
  }
  return "read";
}

/** The words that stand in no parentheses and no quotes, in capitals. */
function* outerWords(sql: string): Generator<string, undefined> {
  let depth = 0;
  for (const { kind, from, to } of sqlTokens(sql)) {
    if (kind === "mark") depth += sql[from] === "(" ? 1 : sql[from] === ")" ? -1 : 0;
    if (kind === "word" && depth === 0) yield sql.slice(from, to).toUpperCase();
  }
  return undefined;
}
