// SQL in a body -> a statement for the workers: its text as it is, and its parameters as SQLite's types. Whether it is SQL at all, and
// what it may touch, is for the workers to say.
import { Refusal } from "../../core/errors.ts";
import type { Param, SqlShape, TypedParam } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { isRecord, isValue } from "./values.ts";

export interface SqlStatement {
  readonly shape: SqlShape;
  readonly params: readonly Param[];
}

/** @throws Refusal naming the parameter that is none */
export function sqlFrom(sql: string, raw: unknown): SqlStatement {
  if (raw === undefined || raw === null) return { shape: shapeOf(sql), params: [] };
  if (Array.isArray(raw))
    return { shape: shapeOf(sql), params: raw.map((one, i) => paramAt(one, `params[${i}]`)) };
  if (isRecord(raw)) return named(sql, raw);
  throw new Refusal("bad_request", "must be a list of values, or an object of names and values", "params");
}

/** Marked where it changes the schema. */
export const shapeOf = (sql: string): SqlShape =>
  definitions.has(firstWordOf(sql)) ? { kind: "sql", sql, schema: true } : { kind: "sql", sql };

/** What begins otherwise does not change the schema: the workers refuse it. */
const definitions: ReadonlySet<string> = new Set(["create", "alter", "drop"]);

/** What SQLite skips before a statement: spaces, comments, semicolons. */
const skipped = /[\s\ufeff;]+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const word = /\w+/y;

function firstWordOf(sql: string): string {
  skipped.lastIndex = 0;
  let at = 0;
  while (skipped.test(sql)) at = skipped.lastIndex;
  word.lastIndex = at;
  return word.exec(sql)?.[0].toLowerCase() ?? "";
}

const nameForm = /^[:@$]?([A-Za-z_][A-Za-z0-9_]*)$/;

/** In the order of the names: which of them a client writes first means nothing. */
function named(sql: string, raw: Readonly<Record<string, unknown>>): SqlStatement {
  const byName = new Map<string, Param>();
  for (const [written, value] of Object.entries(raw)) {
    const name = nameForm.exec(written)?.[1];
    if (name === undefined || name.length > bounds.nameLengthMax)
      throw new Refusal("bad_request", "is no name of a parameter", `params.${written}`);
    if (byName.has(name)) throw new Refusal("bad_request", "is given twice", `params.${name}`);
    byName.set(name, paramAt(value, `params.${written}`));
  }
  const names = [...byName.keys()].sort();
  return { shape: { ...shapeOf(sql), names }, params: names.map((name) => byName.get(name) ?? null) };
}

function paramAt(raw: unknown, field: string): Param {
  if (isValue(raw)) return raw;
  const typed = isRecord(raw) ? typedParam(raw) : undefined;
  if (typed !== undefined) return typed;
  throw new Refusal(
    "bad_request",
    'must be a text, a number, true, false, null, {"integer": "digits"}, {"real": 1} or {"base64": "…"}',
    field,
  );
}

const [integerMin, integerMax] = [-(2n ** 63n), 2n ** 63n - 1n];
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function typedParam(raw: Readonly<Record<string, unknown>>): TypedParam | undefined {
  const [entry, ...others] = Object.entries(raw);
  if (entry === undefined || others.length > 0) return undefined;
  const [type, value] = entry;
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  switch (type) {
    case "integer":
      return isInteger(text) ? ["integer", text] : undefined;
    case "real":
      return text.trim() === text && text !== "" && !Number.isNaN(Number(text))
        ? ["real", String(Number(text))]
        : undefined;
    case "base64":
      return typeof value === "string" && base64Form.test(value) ? ["blob", value] : undefined;
    default:
      return undefined;
  }
}

export function isInteger(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= integerMin && value <= integerMax;
}
