// PURE: values as SQL writes them, and texts cut where no quote protects them.
import { CliError, exitCodes } from "./exit.ts";

export type Literal = string | number | bigint | boolean | null;

/** @param mark sticky. @returns the text before it and after it; null after when it does not occur */
export function splitOutsideQuotes(
  text: string,
  mark: RegExp,
  which: "first" | "last" = "last",
): readonly [before: string, after: string | null] {
  let found: readonly [string, string] | null = null;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "'") at = quoteEnd(text, at);
    mark.lastIndex = at;
    const match = mark.exec(text);
    if (match === null) continue;
    found = [text.slice(0, at), text.slice(at + match[0].length)];
    if (which === "first") break;
  }
  return found ?? [text, null];
}

/** Where the quote that begins here ends; two quotes are one in the text. */
function quoteEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== "'") continue;
    if (text[at + 1] !== "'") return at;
    at++;
  }
  throw new CliError(exitCodes.usage, "a quote ' is not closed");
}

const words = new Map<string, Literal>([
  ["null", null],
  ["true", true],
  ["false", false],
]);
const numberPattern = /^[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i;

/** `('a', 1), ('b', null)` @throws CliError naming what is no value, or stands where none can */
export function literalsIn(tuples: string): readonly (readonly Literal[])[] {
  const tokens = tokensOf(tuples);
  const rows: (readonly Literal[])[] = [];
  for (let at = 0; at < tokens.length; ) {
    if (rows.length > 0) {
      expect(",", tokens[at], "between two rows");
      at++;
    }
    const { row, end } = rowAt(tokens, at);
    rows.push(row);
    at = end;
  }
  return rows;
}

function rowAt(tokens: readonly string[], start: number): { readonly row: Literal[]; readonly end: number } {
  expect("(", tokens[start], "before the values of a row");
  const row: Literal[] = [];
  for (let at = start + 1; ; at += 2) {
    row.push(literal(tokens[at]));
    if (tokens[at + 1] === ")") return { row, end: at + 2 };
    expect(",", tokens[at + 1], "between two values");
  }
}

function expect(mark: string, token: string | undefined, where: string): void {
  if (token === mark) return;
  const found = token === undefined ? "the sentence ends" : `there is ${token}`;
  throw new CliError(exitCodes.usage, `"${mark}" is missing ${where}: ${found}`);
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) continue;
    if ("(),".includes(char)) tokens.push(char);
    else {
      const end = char === "'" ? quoteEnd(text, at) + 1 : wordEnd(text, at);
      tokens.push(text.slice(at, end));
      at = end - 1;
    }
  }
  return tokens;
}

function wordEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !/[\s(),']/.test(text[end] ?? "")) end++;
  return end;
}

function literal(token: string | undefined): Literal {
  if (token === undefined || "(),".includes(token))
    throw new CliError(
      exitCodes.usage,
      `a value is missing: ${token === undefined ? "the sentence ends" : `there is ${token}`}`,
    );
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  if (numberPattern.test(token)) return numberFrom(token);
  const word = words.get(token.toLowerCase());
  if (word === undefined)
    throw new CliError(exitCodes.usage, `"${token}" is no value: texts stand in single quotes`);
  return word;
}

/** Digit by digit, or not at all. */
function numberFrom(token: string): number | bigint {
  if (/^[+-]?0\d/.test(token))
    throw new CliError(
      exitCodes.usage,
      `"${token}" begins with a zero: a number is written without it, a text in single quotes`,
    );
  const value = Number(token);
  if (!Number.isFinite(value))
    throw new CliError(exitCodes.usage, `"${token}" is beyond the range of a number`);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  if (/^[+-]?\d+$/.test(token)) return BigInt(token.replace(/^\+/, ""));
  return value;
}
