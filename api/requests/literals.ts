// Values as the earliest clients send them: SQL literals inside a text, `'asha','3d72…',NULL,7`.
// And two literals of a condition compared with each other (`1=1`, `'a' < 'b'`), as the database would do it: numbers before
// texts, numbers by their value, texts by their bytes.
import { assertNever } from "../../core/errors.ts";
import type { Comparison, Value } from "../../core/messages/statement.ts";
import { separated } from "./names.ts";
import { numberFromText } from "./values.ts";
import type { Token } from "./where-tokens.ts";

/** @throws Refusal with the offset of what is not a literal */
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
