// First step of reading a condition, an order or a list that is written as text: characters -> TOKENS -> what they mean.
// With it what tokens mean by themselves: the literals of a list, and two literals of a condition compared with each other.
import { assertNever, Refusal } from "../../core/errors.ts";
import type { Comparison, Value } from "../../core/messages/statement.ts";

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

/** The entries of a text like `a, 'b', "c"`: one token each. */
export function separated(text: string, field: string): readonly Token[] {
  const tokens = tokenize(text, field);
  const entries: Token[] = [];
  for (let i = 0; i + 1 < tokens.length; i += 2) {
    const [entry, separator] = [tokens[i], tokens[i + 1]];
    if (entry === undefined || separator === undefined) break;
    if (entry.kind === "symbol")
      throw refusedAt(`expected an entry of the list, found ${entry.text}`, entry.at, field);
    entries.push(entry);
    if (separator.kind === "end") return entries;
    if (separator.text !== "," || separator.kind !== "symbol")
      throw refusedAt("expected a comma", separator.at, field);
  }
  throw new Refusal("bad_request", entries.length === 0 ? "must not be empty" : "ends with a comma", field);
}

/**
 * A number written without quotes inside a text. One that a double would change (`007`, 20 digits) stays a text: nothing
 * of it is lost, and the database compares it with a numeric column as the number it is.
 */
export function numberFromText(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

/**
 * Values as the earliest clients send them: SQL literals inside a text, `'asha','3d72…',NULL,7`.
 * @throws Refusal with the offset of what is not a literal
 */
export const literalsFromText = (text: string, field: string): readonly Value[] =>
  separated(text, field).map(literalOf);

/** A bare word that means nothing to SQL is the text itself. */
function literalOf({ kind, text }: Token): Value {
  if (kind === "number") return numberFromText(text);
  if (kind !== "word") return text;
  switch (text.toUpperCase()) {
    case "NULL":
      return null;
    case "TRUE":
      return true;
    case "FALSE":
      return false;
    default:
      return text;
  }
}

/** A lone value: the text as it is, unless the whole of it is one literal in single quotes. */
export function loneLiteral(text: string): string {
  if (text.length < 2 || !text.startsWith("'") || !text.endsWith("'")) return text;
  const inside = text.slice(1, -1);
  const unpaired = inside.replaceAll("''", "").includes("'");
  return unpaired ? text : inside.replaceAll("''", "'");
}

export type Constant = string | number | bigint;

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A number as SQLite reads it: whole ones of up to 64 bits exactly, all others as doubles. */
export function numberConstant(text: string): number | bigint {
  if (!/^[+-]?\d{1,19}$/.test(text)) return Number(text);
  const whole = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return whole >= int64.min && whole <= int64.max ? whole : Number(text);
}

/** `1=1`, `'a' < 'b'`, as the database would do it: numbers before texts, numbers by their value, texts by their bytes. */
export function compareConstants(left: Constant, op: Comparison, right: Constant): boolean {
  const order = orderOf(left, right);
  switch (op) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      return assertNever(op);
  }
}

function orderOf(left: Constant, right: Constant): number {
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (typeof left === "string") return 1;
  if (typeof right === "string") return -1;
  if (left < right) return -1;
  return left > right ? 1 : 0;
}
