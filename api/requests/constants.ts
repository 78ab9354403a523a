// Two literals compared with each other (`1=1`, `'a' < 'b'`), as the database would do it: numbers before texts, texts
// by their bytes.
import { assertNever } from "../../protocol/errors.ts";
import type { Comparison, Value } from "../../protocol/statement.ts";

export function compareConstants(left: Value, op: Comparison, right: Value): boolean {
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

function orderOf(left: Value, right: Value): number {
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (typeof left === "string") return 1;
  if (typeof right === "string") return -1;
  return Number(left) - Number(right);
}
