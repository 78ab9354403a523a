// A client's own idempotency key, and the fingerprint that tells a repeat from another request under the same key.
// The fingerprint is the same for all requests that mean the same: the keys of a JSON object have no order, and neither have the
// parts of a condition that must all hold, or of which one must. The order of rows and of the values in a list stays, and so
// does everything else.
import { createHash } from "node:crypto";
import { assertNever, Refusal } from "../../core/errors.ts";
import type { Condition, Param, PartShape, Together, WriteStatement } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";

export interface ClientKey {
  readonly key: string;
  readonly hash: string;
}

const keyForm = new RegExp(`^[\\x21-\\x7e]{1,${bounds.idempotencyKeyLengthMax}}$`);
const hashLength = 22; // 128 bits in base64url

/** @throws Refusal when the header is there and is not a key */
export function clientKeyFrom(header: string | undefined, statement: WriteStatement): ClientKey | undefined {
  if (header === undefined) return undefined;
  if (!keyForm.test(header))
    throw new Refusal(
      "bad_request",
      `must be 1 to ${bounds.idempotencyKeyLengthMax} visible ASCII characters`,
      "Idempotency-Key",
    );
  return { key: `c:${header}`, hash: fingerprint(statement) };
}

function fingerprint(statement: WriteStatement): string {
  const { shape, rows } = canonical(statement);
  const text = JSON.stringify([shape, rows]);
  return createHash("sha256").update(text).digest("base64url").slice(0, hashLength);
}

function canonical(statement: WriteStatement): WriteStatement {
  const { shape, rows } = statement;
  switch (shape.kind) {
    case "insert": {
      const order = sortedIndexes(shape.columns);
      return {
        shape: { ...shape, columns: pick(shape.columns, order) },
        rows: rows.map((row) => pick(row, order)),
      };
    }
    case "update": {
      const params = rows[0] ?? [];
      const order = sortedIndexes(shape.set);
      const used = [...pick(params, order)];
      const where = renumbered(sorted(shape.where, params), params, used);
      return { shape: { ...shape, set: pick(shape.set, order), where }, rows: [used] };
    }
    case "delete": {
      const params = rows[0] ?? [];
      const used: Param[] = [];
      const where = renumbered(sorted(shape.where, params), params, used);
      return { shape: { ...shape, where }, rows: [used] };
    }
    case "batch":
      return shape.transaction === undefined ? canonicalBatch(shape, rows) : statement;
    case "sql":
    case "clear":
    case "barrier":
      return statement;
    default:
      return assertNever(shape);
  }
}

/** Each part for itself: their order means something. */
function canonicalBatch(shape: Together, rows: WriteStatement["rows"]): WriteStatement {
  let from = 0;
  const parts = shape.parts.map((part) => {
    const own = rows.slice(from, from + part.rows);
    from += part.rows;
    return { part, ...canonical({ shape: part.shape, rows: own }) };
  });
  return {
    shape: {
      ...shape,
      parts: parts.map(({ part, shape: own }) => ({ ...part, shape: own as PartShape })),
    },
    rows: parts.flatMap(({ rows: own }) => own),
  };
}

const sortedIndexes = (names: readonly string[]): readonly number[] =>
  names.map((_, i) => i).sort((a, b) => compare(names[a] ?? "", names[b] ?? ""));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const pick = <T>(all: readonly T[], order: readonly number[]): readonly T[] =>
  order.flatMap((i) => all.slice(i, i + 1));

/** The same with the parts of each AND and OR in the order of what they say. */
function sorted(condition: Condition, params: readonly Param[]): Condition {
  switch (condition.op) {
    case "and":
    case "or": {
      const parts = condition.of.map((part) => {
        const inOrder = sorted(part, params);
        return { inOrder, text: JSON.stringify(withValues(inOrder, params)) };
      });
      parts.sort((a, b) => compare(a.text, b.text));
      return { op: condition.op, of: parts.map(({ inOrder }) => inOrder) };
    }
    case "not":
      return { op: "not", of: sorted(condition.of, params) };
    default:
      return condition;
  }
}

/** With its values instead of their numbers, which depend on the order. */
function withValues(condition: Condition, params: readonly Param[]): unknown {
  if (condition.op === "and" || condition.op === "or")
    return { ...condition, of: condition.of.map((part) => withValues(part, params)) };
  if (condition.op === "not") return { ...condition, of: withValues(condition.of, params) };
  return withHoles(condition, (hole) => params[hole]);
}

/** Numbers the parameters in the order in which they stand now. @param used the list that they are appended to */
function renumbered(condition: Condition, params: readonly Param[], used: Param[]): Condition {
  if (condition.op === "and" || condition.op === "or")
    return { op: condition.op, of: condition.of.map((part) => renumbered(part, params, used)) };
  if (condition.op === "not") return { op: "not", of: renumbered(condition.of, params, used) };
  return withHoles(condition, (hole) => used.push(params[hole] ?? null) - 1);
}

/** The same with something else in place of the numbers of its parameters. */
const withHoles = <C extends Condition, T>(condition: C, fill: (hole: number) => T) => ({
  ...condition,
  ...("param" in condition ? { param: fill(condition.param) } : {}),
  ...("pattern" in condition ? { pattern: fill(condition.pattern), escape: fill(condition.escape) } : {}),
});
