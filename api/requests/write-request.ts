// What a client's write says: the body of db/write -> a statement for the master, and its header -> the key under which it is applied
// once. The form of a body is picked by its keys first, so that an error names the field that is wrong in the form the client meant.

import { createHash } from "node:crypto";
import type { z } from "zod";
import { assertNever, Refusal } from "../../core/errors.ts";
import { nearest } from "../../core/manifest/suggest.ts";
import type {
  Condition,
  Param,
  Part,
  PartShape,
  Together,
  WriteStatement,
} from "../../core/messages/statement.ts";
import { columnDelete, columnInsert, queryWrite } from "./legacy-writes.ts";
import {
  deleteBody,
  insertBody,
  shaped,
  sqlWriteBody,
  statementsBody,
  updateBody,
  upsertBody,
  type WriteOperation,
  writeBodies,
} from "./schemas.ts";
import { sqlFrom } from "./sql.ts";
import { isRecord, Params, rowsFrom } from "./values.ts";
import { requiredConditionFrom } from "./where.ts";

/** @throws Refusal naming the field that is wrong */
export function parseWrite(body: unknown): WriteStatement {
  if (!isRecord(body)) throw new Refusal("bad_request", "must be a JSON object", "(body)");
  if ("statements" in body) return together(shaped(statementsBody, body).statements);
  if ("op" in body || "sql" in body) return lone(single(body));
  if ("query" in body) return queryWrite(body);
  if ("insert" in body) return columnInsert(body);
  if ("delete" in body) return columnDelete(body);
  throw new Refusal("bad_request", `is required: ${operations.join(", ")}`, "op");
}

/** The keys of the table are what its type says. */
const operations = Object.values(writeBodies).flatMap(Object.keys) as readonly WriteOperation[];
const isOperation = (op: unknown): op is WriteOperation => operations.some((known) => known === op);

/** One statement of a request. */
interface Single {
  readonly shape: PartShape;
  readonly rows: readonly (readonly Param[])[];
  readonly expect: number | undefined;
}

function single(body: Readonly<Record<string, unknown>>): Single {
  if (!("sql" in body)) return native(body);
  const { sql, params: raw, expect } = shaped(sqlWriteBody, body);
  const { shape, params } = sqlFrom(sql, raw);
  return { shape, rows: [params], expect: expect?.rowsAffected };
}

const partOf = ({ shape, rows, expect }: Single): Part => ({
  shape,
  rows: rows.length,
  ...(expect === undefined ? {} : { expect }),
});

/** What is expected of it is looked at where several are carried out as one. */
function lone(statement: Single): WriteStatement {
  const { shape, rows, expect } = statement;
  if (expect === undefined) return { shape, rows };
  return { shape: { kind: "batch", parts: [partOf(statement)], lone: true }, rows };
}

function together(statements: readonly unknown[]): WriteStatement {
  const singles = statements.map((statement, i) => {
    try {
      if (!isRecord(statement)) throw new Refusal("bad_request", "must be a JSON object", "");
      if (!("op" in statement) && !("sql" in statement))
        throw new Refusal("bad_request", `is required: ${operations.join(", ")}; or sql`, "op");
      return single(statement);
    } catch (error) {
      throw error instanceof Refusal ? placed(error, i) : error;
    }
  });
  return {
    shape: { kind: "batch", parts: singles.map(partOf) },
    rows: singles.flatMap(({ rows }) => rows),
  };
}

function placed({ code, message, field = "" }: Refusal, index: number): Refusal {
  const inside = field === "" || field === "(body)" ? "" : `.${field}`;
  return new Refusal(code, message, `statements[${index}]${inside}`);
}

function native(body: Readonly<Record<string, unknown>>): Single {
  const { op } = body;
  if (!isOperation(op)) throw unknownOperation(op);
  switch (op) {
    case "insert":
      return insert(shaped(insertBody, body));
    case "upsert":
      return insert(shaped(upsertBody, body), "update");
    case "update":
      return update(shaped(updateBody, body));
    case "delete":
      return remove(shaped(deleteBody, body));
    default:
      return assertNever(op);
  }
}

function unknownOperation(op: unknown): Refusal {
  const meant = typeof op === "string" ? nearest(op, operations) : null;
  const hint = meant === null ? "" : `; did you mean ${meant}?`;
  return new Refusal("bad_request", `must be one of ${operations.join(", ")}${hint}`, "op");
}

function insert(
  { table, row, rows: many, expect }: z.output<typeof insertBody> | z.output<typeof upsertBody>,
  onConflict?: "update",
): Single {
  if (many === undefined && row === undefined) throw new Refusal("bad_request", "is required", "rows");
  if (many !== undefined && row !== undefined)
    throw new Refusal("bad_request", "is the same as rows: send one of them", "row");
  const { columns, rows } =
    many === undefined ? rowsFrom([row], () => "row") : rowsFrom(many, (i) => `rows[${i}]`);
  const shape: PartShape = {
    kind: "insert",
    table,
    columns,
    ...(onConflict === undefined ? {} : { onConflict }),
  };
  return { shape, rows, expect: expect?.rowsAffected };
}

function update({ table, set: raw, where: condition, expect }: z.output<typeof updateBody>): Single {
  if (raw === undefined) throw new Refusal("bad_request", "is required", "set");
  const { columns: set, rows } = rowsFrom([raw], () => "set");
  const params = new Params(rows[0]);
  const where = requiredConditionFrom(condition, params, "where");
  const shape: PartShape = { kind: "update", table, set, where };
  return { shape, rows: [params.values], expect: expect?.rowsAffected };
}

function remove({ table, where: condition, expect }: z.output<typeof deleteBody>): Single {
  const params = new Params();
  const where = requiredConditionFrom(condition, params, "where");
  const shape: PartShape = { kind: "delete", table, where };
  return { shape, rows: [params.values], expect: expect?.rowsAffected };
}

// A client's own idempotency key, and the fingerprint that tells a repeat from another request under the same key. The fingerprint is the
// same for all requests that mean the same: the keys of a JSON object have no order, and neither have the parts of a condition that must
// all hold, or of which one must. The order of rows and of the values in a list stays, and so does everything else.

export interface ClientKey {
  readonly key: string;
  readonly hash: string;
}

const hashLength = 22; // 128 bits in base64url

/** @param key as its header says it */
export const clientKeyFrom = (key: string | undefined, statement: WriteStatement): ClientKey | undefined =>
  key === undefined ? undefined : { key: `c:${key}`, hash: fingerprint(statement) };

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
