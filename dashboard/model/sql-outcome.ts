// PURE: what became of a request for data.
import { sentence } from "./format.ts";
import type { SqlAnswer, SqlError } from "./sql-answer.ts";

export type SqlOutcome =
  | { readonly kind: "answered"; readonly answer: SqlAnswer; readonly tookMs: number }
  /** Nothing was done. */
  | { readonly kind: "failed"; readonly error: SqlError }
  /** A token is needed, or one of another role. */
  | { readonly kind: "refused"; readonly message: string }
  /** Without an answer: a write may have been carried out, or may still be. */
  | { readonly kind: "unknown"; readonly message: string };

/** In a sentence; empty where there is an answer to show. */
export function outcomeText(outcome: SqlOutcome): string {
  switch (outcome.kind) {
    case "answered":
      return "";
    case "failed": {
      const { message, sqlite, field } = outcome.error;
      const names = [sqlite, field].filter((one) => one !== null).join(", ");
      // SQLite's own words: names begin as they are written.
      return names === "" ? message : `${message} (${names})`;
    }
    case "refused":
      return sentence(outcome.message);
    case "unknown":
      return `No answer: ${outcome.message}.`;
  }
}
