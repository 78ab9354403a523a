// First step of reading a condition written as text: characters -> TOKENS -> condition.
// The same tokens make up the legacy lists of names and of literals.
import { Refusal } from "../../core/errors.ts";

export interface Token {
  /**
   * `text` was in single quotes, `name` in double quotes, `column` in backticks; `symbol` is an operator, a bracket or a
   * comma.
   */
  readonly kind: "word" | "number" | "text" | "name" | "column" | "symbol" | "end";
  readonly text: string;
  /** Offset of its first character in the whole text. */
  readonly at: number;
}

const symbols = ["<=", ">=", "==", "!=", "<>", "=", "<", ">", "(", ")", ","] as const;
const spaces = " \t\r\n";
/** Besides letters and digits: what occurs in unquoted timestamps, addresses, negative numbers and LIKE patterns. */
const wordSigns = "_.:@%$/+-";
const numberForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

const isWordCharacter = (character: string): boolean =>
  (character >= "a" && character <= "z") ||
  (character >= "A" && character <= "Z") ||
  (character >= "0" && character <= "9") ||
  character > "\x7f" ||
  wordSigns.includes(character);

export const refusedAt = (message: string, at: number, field: string): Refusal =>
  new Refusal("bad_request", `${message} at offset ${at}`, field);

/** @throws Refusal with the offset of the first character that cannot stand there */
export function tokenize(text: string, field: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (spaces.includes(character)) {
      at += 1;
      continue;
    }
    const [token, next] = tokenAt(text, at, character, field);
    tokens.push(token);
    at = next;
  }
  tokens.push({ kind: "end", text: "", at });
  return tokens;
}

function tokenAt(text: string, at: number, character: string, field: string): [token: Token, next: number] {
  if (character === "'" || character === '"' || character === "`") return quoted(text, at, character, field);
  const symbol = symbols.find((candidate) => text.startsWith(candidate, at));
  if (symbol !== undefined) return [{ kind: "symbol", text: symbol, at }, at + symbol.length];
  let end = at;
  while (end < text.length && isWordCharacter(text.charAt(end))) end += 1;
  const word = text.slice(at, end);
  // Two dashes would open a comment in SQL: whoever sends them means something that does not exist here.
  if (end === at || word.includes("--"))
    throw refusedAt(`unexpected ${JSON.stringify(character)}`, at, field);
  return [{ kind: numberForm.test(word) ? "number" : "word", text: word, at }, end];
}

const quoteKinds: Readonly<Record<string, Token["kind"]>> = { "'": "text", '"': "name", "`": "column" };

/** A doubled quote inside stands for the quote itself. */
function quoted(text: string, at: number, quote: string, field: string): [token: Token, next: number] {
  const kind = quoteKinds[quote] ?? "name";
  let end = text.indexOf(quote, at + 1);
  while (end >= 0 && text.charAt(end + 1) === quote) end = text.indexOf(quote, end + 2);
  if (end < 0) throw refusedAt("unterminated quote", at, field);
  const inside = text.slice(at + 1, end).replaceAll(quote + quote, quote);
  return [{ kind, text: inside, at }, end + 1];
}

/** SQLite takes a single character, and none that ends its texts. */
export const isEscape = (raw: unknown): raw is string =>
  typeof raw === "string" && raw.length === 1 && raw !== "\0" && !/[\ud800-\udfff]/.test(raw);
