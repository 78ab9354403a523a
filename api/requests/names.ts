// Column names: a list of names, one name, or the legacy text `username,password`, where each name may be in quotes.
// Whether they exist is for the workers to say, who know the schema.
import { Refusal } from "../../core/errors.ts";
import { bounds } from "../limits.ts";
import { refusedAt, type Token, tokenize } from "./where-tokens.ts";

/** SQL's way to count, which is no column. */
const countForm = /^\s*count\s*\(/i;

/** @throws Refusal naming the field */
export function namesFrom(raw: unknown, field: string): readonly string[] {
  const names = typeof raw === "string" ? namesFromText(raw, field) : unquotedNames(raw);
  if (!Array.isArray(names) || names.length === 0)
    throw new Refusal("bad_request", "must be a list of column names", field);
  if (names.length > bounds.columnsMax)
    throw new Refusal("bad_request", `must have at most ${bounds.columnsMax} columns`, field);
  const seen = new Set<string>();
  for (let i = 0; i < names.length; i++) {
    const name: unknown = names[i];
    if (typeof name !== "string" || name === "" || name.length > bounds.nameLengthMax)
      throw new Refusal("bad_request", "must be the name of a column", `${field}[${i}]`);
    if (name.includes("(")) refuseCount(name, field);
    if (seen.has(name)) throw new Refusal("bad_request", `names ${name} twice`, field);
    seen.add(name);
  }
  return names;
}

/** `"order"` and `` `order` `` are the name order, wherever a name may stand. */
export function unquotedName(name: string): string {
  const quote = name.charAt(0);
  if ((quote !== '"' && quote !== "`") || name.length < 2 || !name.endsWith(quote)) return name;
  return name.slice(1, -1).replaceAll(quote + quote, quote);
}

const unquotedNames = (raw: unknown): unknown =>
  Array.isArray(raw)
    ? raw.map((name: unknown) => (typeof name === "string" ? unquotedName(name) : name))
    : raw;

/** For reads, where `*` or no list at all is every column. */
export function selectedFrom(raw: unknown, field: string): readonly string[] | "*" {
  if (raw === undefined) return "*";
  if (typeof raw === "string" && raw.trim() === "*") return "*";
  if (Array.isArray(raw) && raw.length === 1 && raw[0] === "*") return "*";
  return namesFrom(raw, field);
}

function namesFromText(text: string, field: string): readonly string[] {
  refuseCount(text, field);
  return separated(text, field).map(({ text: name }) => name);
}

function refuseCount(text: string, field: string): void {
  if (countForm.test(text))
    throw new Refusal("bad_request", 'must be columns; {"table", "count": true} counts rows', field);
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
