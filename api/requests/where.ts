// A condition in any of the forms clients send: a text, an object `{column: value}`, or a list of those that must all
// hold. All of them become the same `Condition`.
import { Refusal } from "../../core/errors.ts";
import type { Condition, Param } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { isRecord, isValue, type Params, unquotedName, valueAt } from "./values.ts";
import { comparisonOf, conditionFromText, isEscape } from "./where-text.ts";

/**
 * @returns undefined when nothing is asked for: no condition at all, an empty text, object or list
 * @throws Refusal naming the field
 */
export function conditionFrom(raw: unknown, params: Params, field: string): Condition | undefined {
  const condition = Array.isArray(raw) ? fromList(raw, params, field) : fromOne(raw, params, field);
  if (condition !== undefined && comparisonsIn(condition) > bounds.comparisonsMax)
    throw new Refusal("bad_request", `has more than ${bounds.comparisonsMax} comparisons`, field);
  return condition;
}

/** For changes, where a forgotten condition would change every row. */
export function requiredConditionFrom(raw: unknown, params: Params, field: string): Condition {
  const condition = conditionFrom(raw, params, field);
  if (condition === undefined)
    throw new Refusal("bad_request", "is required; `1=1` stands for every row", field);
  return condition;
}

function fromList(parts: readonly unknown[], params: Params, field: string): Condition | undefined {
  if (parts.length > bounds.comparisonsMax)
    throw new Refusal("bad_request", `has more than ${bounds.comparisonsMax} conditions`, field);
  const conditions = parts.map((part, i) => fromOne(part, params, `${field}[${i}]`));
  return allOf(conditions.filter((condition) => condition !== undefined));
}

function fromOne(raw: unknown, params: Params, field: string): Condition | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (typeof raw === "string") return raw.trim() === "" ? undefined : conditionFromText(raw, params, field);
  if (isRecord(raw)) return fromObject(raw, params, field);
  throw new Refusal("bad_request", "must be a text, an object or a list of conditions", field);
}

function fromObject(
  tests: Readonly<Record<string, unknown>>,
  params: Params,
  field: string,
): Condition | undefined {
  const columns = Object.keys(tests);
  if (columns.length > bounds.comparisonsMax)
    throw new Refusal("bad_request", `has more than ${bounds.comparisonsMax} conditions`, field);
  return allOf(columns.map((column) => columnTest(unquotedName(column), tests[column], params, field)));
}

function columnTest(column: string, raw: unknown, params: Params, field: string): Condition {
  if (raw === null) return { op: "isNull", column };
  if (isValue(raw)) return { op: "=", column, param: params.add(raw) };
  if (Array.isArray(raw)) return { op: "in", column, param: params.add(listFrom(raw, `${field}.${column}`)) };
  if (isRecord(raw)) return operatorTests(column, raw, params, `${field}.${column}`);
  throw new Refusal("bad_request", "must be a value, a list of values or an object", `${field}.${column}`);
}

function operatorTests(
  column: string,
  tests: Readonly<Record<string, unknown>>,
  params: Params,
  field: string,
): Condition {
  const operators = Object.keys(tests);
  const condition = allOf(
    operators.map((operator) =>
      operatorTest(column, operator.toLowerCase(), tests[operator], params, `${field}.${operator}`),
    ),
  );
  if (condition === undefined) throw new Refusal("bad_request", "must name an operator", field);
  return condition;
}

/** `{"age": {">=": 18, "not in": [20, 30]}}` */
function operatorTest(
  column: string,
  operator: string,
  raw: unknown,
  params: Params,
  field: string,
): Condition {
  switch (operator) {
    case "in":
      return { op: "in", column, param: params.add(listFrom(raw, field)) };
    case "like":
      return likeTest(column, raw, params, field);
    case "not in":
    case "not like":
      return { op: "not", of: operatorTest(column, operator.slice("not ".length), raw, params, field) };
    default:
      return comparisonTest(column, operator, raw, params, field);
  }
}

function comparisonTest(
  column: string,
  operator: string,
  raw: unknown,
  params: Params,
  field: string,
): Condition {
  const op = comparisonOf(operator);
  if (op === undefined)
    throw new Refusal("bad_request", "is not one of = != < <= > >= in like, `not in`, `not like`", field);
  if (raw !== null) return { op, column, param: params.add(valueAt(raw, field)) };
  if (op === "=") return { op: "isNull", column };
  if (op === "!=") return { op: "not", of: { op: "isNull", column } };
  throw new Refusal("bad_request", "cannot be compared with null by this operator", field);
}

/** `{"like": "a%"}`, or `{"like": {"pattern": "100\\%", "escape": "\\"}}` to look for a `%` or `_` itself. */
function likeTest(column: string, raw: unknown, params: Params, field: string): Condition {
  if (typeof raw === "string") return { op: "like", column, param: params.add(raw) };
  if (!isRecord(raw)) throw new Refusal("bad_request", 'must be a text or {"pattern", "escape"}', field);
  const { pattern, escape: escaping, ...others } = raw;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Refusal("bad_request", "is not known", `${field}.${unknown}`);
  if (typeof pattern !== "string") throw new Refusal("bad_request", "must be a text", `${field}.pattern`);
  if (!isEscape(escaping)) throw new Refusal("bad_request", "must be a single character", `${field}.escape`);
  return { op: "like", column, pattern: params.add(pattern), escape: params.add(escaping) };
}

function listFrom(raw: unknown, field: string): Param {
  if (!Array.isArray(raw)) throw new Refusal("bad_request", "must be a list of values", field);
  return raw.map((entry, i) => {
    if (isValue(entry) && entry !== null) return entry;
    throw new Refusal("bad_request", "must be a text, a number, true or false", `${field}[${i}]`);
  });
}

function allOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.length <= 1 ? conditions[0] : { op: "and", of: conditions };
}

function comparisonsIn(condition: Condition): number {
  if (condition.op === "not") return comparisonsIn(condition.of);
  if (condition.op !== "and" && condition.op !== "or") return 1;
  return condition.of.reduce((sum, part) => sum + comparisonsIn(part), 0);
}
