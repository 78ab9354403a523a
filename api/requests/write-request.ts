// The body of db/write -> a statement for the master. The form is picked by its keys first, so that an error names the
// field that is wrong in the form the client meant.

import type { z } from "zod";
import { assertNever, Refusal } from "../../core/errors.ts";
import { nearest } from "../../core/manifest/suggest.ts";
import type { Param, Part, PartShape, WriteStatement } from "../../core/messages/statement.ts";
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
