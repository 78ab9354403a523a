// The bodies of db/write that RideShare's clients sent before there was a native form. They stay.
import { Refusal } from "../../core/errors.ts";
import type { Param, WriteStatement } from "../../core/messages/statement.ts";
import {
  columnDeleteBody,
  columnInsertBody,
  oneOf,
  queryDeleteBody,
  queryInsertBody,
  queryUpdateBody,
  shaped,
} from "./schemas.ts";
import { literalsFromText, loneLiteral } from "./tokens.ts";
import { namesFrom, Params, rowsFrom, valueAt } from "./values.ts";
import { requiredConditionFrom } from "./where.ts";

type Body = Readonly<Record<string, unknown>>;

/** `{"table": "users", "column": ["username", "password"], "insert": ["asha", "3d72…"]}` */
export function columnInsert(raw: Body): WriteStatement {
  const body = shaped(columnInsertBody, raw);
  const field = oneOf(body, "columns", "column");
  if (body[field] === undefined) throw new Refusal("bad_request", "is required beside insert", "column");
  const columns = namesFrom(body[field], field);
  const values = insertedValues(body.insert, columns.length, typeof body[field] === "string");
  if (values.length !== columns.length)
    throw new Refusal("bad_request", `has ${values.length} values for ${columns.length} columns`, "insert");
  return { shape: { kind: "insert", table: body.table, columns }, rows: [values] };
}

/**
 * A text is a list of SQL literals when there are several columns. With a single column it is the value; its quotes are
 * taken off only where the column, too, came as a text, as the clients do that paste both into one statement.
 */
function insertedValues(raw: unknown, columns: number, columnsAsText: boolean): readonly Param[] {
  if (Array.isArray(raw)) return raw.map((value, i) => valueAt(value, `insert[${i}]`));
  if (typeof raw !== "string") return [valueAt(raw, "insert")];
  if (columns > 1) return literalsFromText(raw, "insert");
  return [columnsAsText ? loneLiteral(raw) : raw];
}

/** `{"table": "users", "delete": "username = 'asha'"}` or `{"table": "rides", "column": "ride_id", "delete": 7}` */
export function columnDelete(raw: Body): WriteStatement {
  const body = shaped(columnDeleteBody, raw);
  const { table } = body;
  const params = new Params();
  if (body.column === undefined) {
    const where = requiredConditionFrom(body.delete, params, "delete");
    return { shape: { kind: "delete", table, where }, rows: [params.values] };
  }
  const [column, ...others] = namesFrom(body.column, "column");
  if (column === undefined || others.length > 0)
    throw new Refusal("bad_request", "must be a single column beside delete", "column");
  const value = valueAt(body.delete, "delete");
  if (value === null)
    return { shape: { kind: "delete", table, where: { op: "isNull", column } }, rows: [params.values] };
  const param = params.add(typeof value === "string" ? loneLiteral(value) : value);
  return { shape: { kind: "delete", table, where: { op: "=", column, param } }, rows: [params.values] };
}

/** `{"query": "insert", "table", "values": {…}}`, and with a `condition` `"update"` and `"delete"` */
export function queryWrite(raw: Body): WriteStatement {
  switch (raw.query) {
    case "insert":
      return queryInsert(raw);
    case "update":
      return queryUpdate(raw);
    case "delete":
      return queryDelete(raw);
    default:
      throw new Refusal("bad_request", "must be insert, update or delete", "query");
  }
}

function queryInsert(raw: Body): WriteStatement {
  const { table, values } = shaped(queryInsertBody, raw);
  const { columns, rows } = Array.isArray(values)
    ? rowsFrom(values, (i) => `values[${i}]`)
    : rowsFrom([values], () => "values");
  return { shape: { kind: "insert", table, columns }, rows };
}

function queryUpdate(raw: Body): WriteStatement {
  const { table, values, condition } = shaped(queryUpdateBody, raw);
  const { columns: set, rows } = rowsFrom([values], () => "values");
  const params = new Params(rows[0]);
  const where = requiredConditionFrom(condition, params, "condition");
  return { shape: { kind: "update", table, set, where }, rows: [params.values] };
}

function queryDelete(raw: Body): WriteStatement {
  const { table, condition } = shaped(queryDeleteBody, raw);
  const params = new Params();
  const where = requiredConditionFrom(condition, params, "condition");
  return { shape: { kind: "delete", table, where }, rows: [params.values] };
}
