// The body of db/write -> a statement for the master. The form is picked by its keys first, so that an error names the
// field that is wrong in the form the client meant.

import type { z } from "zod";
import { assertNever, Refusal } from "../../core/errors.ts";
import { nearest } from "../../core/manifest/suggest.ts";
import type { WriteShape, WriteStatement } from "../../core/messages/statement.ts";
import { columnDelete, columnInsert, queryWrite } from "./legacy-writes.ts";
import {
  deleteBody,
  insertBody,
  shaped,
  updateBody,
  upsertBody,
  type WriteOperation,
  writeBodies,
} from "./schemas.ts";
import { isRecord, Params, rowsFrom } from "./values.ts";
import { requiredConditionFrom } from "./where.ts";

/** @throws Refusal naming the field that is wrong */
export function parseWrite(body: unknown): WriteStatement {
  if (!isRecord(body)) throw new Refusal("bad_request", "must be a JSON object", "(body)");
  if ("op" in body) return native(body);
  if ("query" in body) return queryWrite(body);
  if ("insert" in body) return columnInsert(body);
  if ("delete" in body) return columnDelete(body);
  throw new Refusal("bad_request", `is required: ${operations.join(", ")}`, "op");
}

/** The keys of the table are what its type says. */
const operations = Object.values(writeBodies).flatMap(Object.keys) as readonly WriteOperation[];
const isOperation = (op: unknown): op is WriteOperation => operations.some((known) => known === op);

function native(body: Readonly<Record<string, unknown>>): WriteStatement {
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
  { table, row, rows: many }: z.output<typeof insertBody> | z.output<typeof upsertBody>,
  onConflict?: "update",
): WriteStatement {
  if (many === undefined && row === undefined) throw new Refusal("bad_request", "is required", "rows");
  if (many !== undefined && row !== undefined)
    throw new Refusal("bad_request", "is the same as rows: send one of them", "row");
  const { columns, rows } =
    many === undefined ? rowsFrom([row], () => "row") : rowsFrom(many, (i) => `rows[${i}]`);
  const shape: WriteShape = {
    kind: "insert",
    table,
    columns,
    ...(onConflict === undefined ? {} : { onConflict }),
  };
  return { shape, rows };
}

function update({ table, set: raw, where: condition }: z.output<typeof updateBody>): WriteStatement {
  if (raw === undefined) throw new Refusal("bad_request", "is required", "set");
  const { columns: set, rows } = rowsFrom([raw], () => "set");
  const params = new Params(rows[0]);
  const where = requiredConditionFrom(condition, params, "where");
  return { shape: { kind: "update", table, set, where }, rows: [params.values] };
}

function remove({ table, where: condition }: z.output<typeof deleteBody>): WriteStatement {
  const params = new Params();
  const where = requiredConditionFrom(condition, params, "where");
  return { shape: { kind: "delete", table, where }, rows: [params.values] };
}
