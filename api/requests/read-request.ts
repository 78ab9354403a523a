// The body of db/read -> a statement for the workers. Only form is judged here: the API knows no schema.

import type { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import type { ReadShape, ReadStatement } from "../../core/messages/statement.ts";
import { selectedFrom } from "./names.ts";
import { orderFrom } from "./order.ts";
import { countBody, oneOf, selectBody, shaped } from "./schemas.ts";
import { isRecord, Params } from "./values.ts";
import { conditionFrom } from "./where.ts";

export interface ReadRequest extends ReadStatement {
  /** The answer must hold every write that was answered before this request came. */
  readonly strong: boolean;
}

/** @throws Refusal naming the field that is wrong */
export function parseRead(body: unknown): ReadRequest {
  if (!isRecord(body)) throw new Refusal("bad_request", "must be a JSON object", "(body)");
  return "count" in body ? count(shaped(countBody, body)) : select(shaped(selectBody, body));
}

function select(body: z.output<typeof selectBody>): ReadRequest {
  const params = new Params();
  const columnsField = oneOf(body, "columns", "column");
  const whereField = oneOf(body, "where", "condition");
  const columns = selectedFrom(body[columnsField], columnsField);
  const where = conditionFrom(body[whereField], params, whereField);
  const orderBy = orderFrom(body.orderBy, "orderBy");
  const shape: ReadShape = {
    kind: "select",
    table: body.table,
    columns,
    ...(where === undefined ? {} : { where }),
    ...(orderBy === undefined ? {} : { orderBy }),
    ...(body.limit === undefined ? {} : { limit: params.add(body.limit) }),
    ...(body.offset === undefined ? {} : { offset: params.add(body.offset) }),
  };
  return { shape, params: params.values, strong: body.consistency === "strong" };
}

function count(body: z.output<typeof countBody>): ReadRequest {
  if (body.count !== true && body.count !== 1)
    throw new Refusal("bad_request", "must be true or 1; leave it out to read rows", "count");
  const params = new Params();
  const whereField = oneOf(body, "where", "condition");
  const where = conditionFrom(body[whereField], params, whereField);
  const shape: ReadShape = { kind: "count", table: body.table, ...(where === undefined ? {} : { where }) };
  return { shape, params: params.values, strong: body.consistency === "strong" };
}
