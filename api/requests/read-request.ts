// The body of db/read -> a statement for the workers. Only form is judged here: the API knows no schema.

import type { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import type { Order, ReadShape, ReadStatement } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { countBody, oneOf, selectBody, shaped, sqlReadBody } from "./schemas.ts";
import { sqlFrom } from "./sql.ts";
import { type Token, tokenize } from "./tokens.ts";
import { isRecord, Params, selectedFrom, unquotedName } from "./values.ts";
import { conditionFrom } from "./where.ts";

export interface ReadRequest extends ReadStatement {
  /** The answer must hold every write that was answered before this request came. */
  readonly strong: boolean;
}

/** @throws Refusal naming the field that is wrong */
export function parseRead(body: unknown): ReadRequest {
  if (!isRecord(body)) throw new Refusal("bad_request", "must be a JSON object", "(body)");
  if ("sql" in body) return sql(shaped(sqlReadBody, body));
  return "count" in body ? count(shaped(countBody, body)) : select(shaped(selectBody, body));
}

function sql(body: z.output<typeof sqlReadBody>): ReadRequest {
  return { ...sqlFrom(body.sql, body.params), strong: body.consistency === "strong" };
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

const malformed = (field: string): Refusal =>
  new Refusal("bad_request", 'must be `column`, `column desc` or {"column", "descending"}', field);

/**
 * The order of the rows: `"age desc, name"`, or a list of such texts and of `{"column", "descending"}`.
 * @throws Refusal naming the field
 */
function orderFrom(raw: unknown, field: string): readonly Order[] | undefined {
  if (raw === undefined) return undefined;
  const orders =
    typeof raw === "string"
      ? ordersFromText(raw, field)
      : Array.isArray(raw) && raw.length <= bounds.columnsMax
        ? raw.map((entry: unknown, i) => orderOf(entry, `${field}[${i}]`))
        : [];
  if (orders.length === 0 || orders.length > bounds.columnsMax)
    throw new Refusal("bad_request", "must be a list of columns", field);
  return orders;
}

function orderOf(entry: unknown, field: string): Order {
  if (typeof entry === "string") {
    const [order, ...others] = ordersFromText(entry, field);
    if (order !== undefined && others.length === 0) return order;
  }
  if (isRecord(entry)) {
    const { column, descending = false, ...others } = entry;
    if (typeof column === "string" && typeof descending === "boolean" && Object.keys(others).length === 0)
      return { column: unquotedName(column), descending };
  }
  throw malformed(field);
}

const longestMax = bounds.columnsMax * 2 * bounds.nameLengthMax;

/** `"age desc, name"`: a name in quotes or without, with its direction, between commas. */
function ordersFromText(text: string, field: string): readonly Order[] {
  if (text.length > longestMax) throw malformed(field);
  const tokens = tokenize(text, field);
  const orders: Order[] = [];
  let at = 0;
  for (;;) {
    const name = tokens[at] as Token;
    if (name.kind === "end" || name.kind === "symbol" || name.text === "") throw malformed(field);
    const direction = directionOf(tokens[at + 1]);
    orders.push({ column: name.text, descending: direction === "desc" });
    at += direction === undefined ? 1 : 2;
    const next = tokens[at] as Token;
    if (next.kind === "end") return orders;
    if (next.kind !== "symbol" || next.text !== ",") throw malformed(field);
    at += 1;
  }
}

function directionOf(token: Token | undefined): "asc" | "desc" | undefined {
  if (token?.kind !== "word") return undefined;
  const word = token.text.toLowerCase();
  return word === "asc" || word === "desc" ? word : undefined;
}
