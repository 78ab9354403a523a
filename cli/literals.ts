// PURE: values as SQL writes them, and texts cut where no quote protects them.
import { CliError, exitCodes } from "./exit.ts";

export type Literal = string | number | boolean | null;

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

const words: Readonly<Record<string, Literal>> = { null: null, true: true, false: false };
const numberPattern = /^[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?$/i;

/** `('a', 1), ('b', null)` @throws CliError naming what is no value */
export function literalsIn(tuples: string): readonly (readonly Literal[])[] {
  const rows: Literal[][] = [];
  let row: Literal[] | null = null;
  for (const token of tokensOf(tuples)) {
    if (token === "(") row = [];
    else if (token === ")") {
      if (row !== null) rows.push(row);
      row = null;
    } else if (token !== ",") {
      if (row === null)
        throw new CliError(exitCodes.usage, `values stand in parentheses, "${token}" does not`);
      row.push(literal(token));
    }
  }
  if (row !== null) throw new CliError(exitCodes.usage, "a parenthesis is not closed");
  return rows;
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

function literal(token: string): Literal {
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  if (numberPattern.test(token)) return Number(token);
  const word = words[token.toLowerCase()];
  if (word === undefined)
    throw new CliError(exitCodes.usage, `"${token}" is no value: texts stand in single quotes`);
  return word;
}
