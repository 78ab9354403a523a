// What SAVEPOINT, RELEASE and ROLLBACK TO ask for, told by their words, as SQLite reads them.
import { type SqlToken, sqlTokens } from "./tokens.ts";

export interface SavepointRequest {
  readonly does: "set" | "release" | "undo";
  /** Without its quotes. */
  readonly name: string;
}

/** @returns undefined where it is not written as SQLite takes it */
export function savepointIn(sql: string): SavepointRequest | undefined {
  const words = [...sqlTokens(sql)]
    .filter(({ kind }) => kind !== "space" && kind !== "semicolon")
    .map((token) => ({ token, word: sql.slice(token.from, token.to) }));
  const [first, ...rest] = words;
  switch (first?.word.toUpperCase()) {
    case "SAVEPOINT":
      return named("set", rest);
    case "RELEASE":
      return named("release", behindOptional(rest));
    case "ROLLBACK": {
      const to = rest.findIndex(({ word }) => word.toUpperCase() === "TO");
      return to < 0 ? undefined : named("undo", behindOptional(rest.slice(to + 1)));
    }
    default:
      return undefined;
  }
}

type Words = readonly { readonly token: SqlToken; readonly word: string }[];

/** A savepoint may be called `savepoint`. */
const behindOptional = (words: Words): Words =>
  words.length > 1 && words[0]?.word.toUpperCase() === "SAVEPOINT" ? words.slice(1) : words;

function named(does: SavepointRequest["does"], words: Words): SavepointRequest | undefined {
  const [only, ...more] = words;
  if (only === undefined || more.length > 0) return undefined;
  const { token, word } = only;
  if (token.kind === "word") return { does, name: word };
  if (token.kind !== "quoted" || token.open === true) return undefined;
  const [quote = "", inside] = [word[0], word.slice(1, -1)];
  return { does, name: quote === "[" ? inside : inside.replaceAll(quote + quote, quote) };
}
