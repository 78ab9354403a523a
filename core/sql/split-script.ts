// A text of several SQL statements -> the statements. Where one ends is told as SQLite's own shell tells it: at a semicolon that is in no
// quotes and no comment, and that of a CREATE TRIGGER behind its END.
import { type SqlToken, sqlTokens } from "./tokens.ts";

export interface SplitScript {
  /** Those that are ended, each without its semicolon, the spaces around it and comments before it. */
  readonly statements: readonly string[];
  /** What stands behind the last semicolon: the beginning of a statement, or empty where there are only spaces and comments. */
  readonly rest: string;
}

export function splitScript(text: string): SplitScript {
  const statements: string[] = [];
  let reading = new Reading();
  for (const token of sqlTokens(text)) {
    if (!reading.endsWith(token, text)) continue;
    if (reading.from !== undefined) statements.push(text.slice(reading.from, token.from).trim());
    reading = new Reading();
  }
  return { statements, rest: reading.from === undefined ? "" : text.slice(reading.from).trim() };
}

/** Words that a statement may begin with before it is known whether it makes a trigger. */
const beforeTrigger = new Set(["EXPLAIN", "QUERY", "PLAN", "CREATE", "TEMP", "TEMPORARY"]);

/** One statement while it is read. */
class Reading {
  /** Where it begins; undefined while there are only spaces and comments. */
  from: number | undefined;
  #kind: "open" | "plain" | "trigger" = "open";
  #created = false;
  /** In a trigger: what stood last, of what may end it. */
  #last: "semicolon" | "end" | "other" = "other";

  /** @returns whether the token is the semicolon that ends the statement */
  endsWith(token: SqlToken, text: string): boolean {
    if (token.kind === "space") {
      if (token.open === true) this.from ??= token.from;
      return false;
    }
    if (token.kind === "semicolon") {
      if (this.#kind !== "trigger" || this.#last === "end") return true;
      this.#last = "semicolon";
      return false;
    }
    this.from ??= token.from;
    const word = token.kind === "word" ? text.slice(token.from, token.to).toUpperCase() : "";
    if (this.#kind === "open") this.#begin(word);
    // The END of a CASE never follows a semicolon.
    this.#last = word === "END" && this.#last === "semicolon" ? "end" : "other";
    return false;
  }

  #begin(word: string): void {
    if (word === "TRIGGER" && this.#created) this.#kind = "trigger";
    else if (!beforeTrigger.has(word)) this.#kind = "plain";
    this.#created ||= word === "CREATE";
  }
}
