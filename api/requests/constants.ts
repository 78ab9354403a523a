// Two literals compared with each other (`1=1`, `'a' < 'b'`), as the database would do it: numbers before texts, numbers by
// their value, texts by their bytes.
import { assertNever } from "../../core/errors.ts";
import type { Comparison } from "../../core/messages/statement.ts";

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
