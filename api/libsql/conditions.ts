// The conditions of the steps of a batch: what came of steps before it, and whether a transaction is open.
import { Refusal } from "../../core/errors.ts";
import { bounds } from "../limits.ts";
import { isRecord } from "../requests/values.ts";

export type Condition =
  | { readonly type: "ok" | "error"; readonly step: number }
  | { readonly type: "not"; readonly cond: Condition }
  | { readonly type: "and" | "or"; readonly conds: readonly Condition[] }
  | { readonly type: "is_autocommit" };

/** What came of a step. */
export type StepFate = "ok" | "error" | "skipped";

/** @param fates of the steps before it, in their order */
export function isMet(condition: Condition, fates: readonly StepFate[], isAutocommit: boolean): boolean {
  switch (condition.type) {
    case "ok":
    case "error":
      return fates[condition.step] === condition.type;
    case "not":
      return !isMet(condition.cond, fates, isAutocommit);
    case "and":
      return condition.conds.every((one) => isMet(one, fates, isAutocommit));
    case "or":
      return condition.conds.some((one) => isMet(one, fates, isAutocommit));
    case "is_autocommit":
      return isAutocommit;
  }
}

/** @throws Refusal naming the field */
export function conditionFrom(raw: unknown, field: string, depth = 0): Condition {
  if (!isRecord(raw)) throw new Refusal("bad_request", "must be a JSON object", field);
  if (depth > bounds.nestingMax)
    throw new Refusal("bad_request", `has more than ${bounds.nestingMax} conditions in each other`, field);
  const { type, step, cond, conds } = raw;
  switch (type) {
    case "ok":
    case "error":
      if (typeof step === "number" && Number.isSafeInteger(step) && step >= 0) return { type, step };
      throw new Refusal("bad_request", "must be the number of a step", `${field}.step`);
    case "not":
      return { type, cond: conditionFrom(cond, `${field}.cond`, depth + 1) };
    case "and":
    case "or":
      if (Array.isArray(conds) && conds.length <= bounds.comparisonsMax)
        return { type, conds: conds.map((one, i) => conditionFrom(one, `${field}.conds[${i}]`, depth + 1)) };
      throw new Refusal(
        "bad_request",
        `must be a list of at most ${bounds.comparisonsMax}`,
        `${field}.conds`,
      );
    case "is_autocommit":
      return { type };
    default:
      throw new Refusal("bad_request", "must be ok, error, not, and, or, is_autocommit", `${field}.type`);
  }
}
