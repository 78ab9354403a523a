// PURE. A read shape -> one SQL statement that answers any number of requests of that shape at once.
// `?1` is a JSON array with one array of parameters for each request. Answers are JSON text made by SQLite, which is not parsed
// again on its way to the client. They are put together by `group_concat`, which keeps no more than the connection allows a text
// to have (`Connection.limitLength`). Names of our own start with `_dbaas`, as no table or column of a manifest may.
import { Refusal } from "../../core/errors.ts";
import type { ReadShape } from "../../core/messages/statement.ts";
import { type Column, findTable, type Schema, type Table } from "../../core/schema.ts";
import { checkedColumn, conditionSql, type Hole } from "./condition-sql.ts";
import { quoted, quotedList } from "./schema-sql.ts";

/** A read that would answer more rows than this is refused: the client should page. */
export const rowsMax = 100_000;

export interface ReadSql {
  /** Yields one row with `body`: for each request a line, which is how many rows its answer has, a space, and its JSON text. */
  readonly sql: string;
  /** False when SQL cannot take the limit from each request, so that they run one by one. */
  readonly groupable: boolean;
}

/** @throws Refusal unknown_table */
export function checkedTable(schema: Schema, name: string): Table {
  const table = findTable(schema, name);
  if (table === undefined)
    throw new Refusal("unknown_table", `there is no table ${JSON.stringify(name)}`, "table");
  return table;
}

const groupHole: Hole = (index) => `json_extract(_dbaas_request.value, '$[${index}]')`;
const loneHole: Hole = (index) => `json_extract(?1, '$[0][${index}]')`;

const linesOf = (answer: string): string =>
  `SELECT group_concat((${answer}), char(10)) AS body FROM json_each(?1) AS _dbaas_request`;

/** @throws Refusal unknown_table or unknown_column, with the field */
export function readSql(schema: Schema, shape: ReadShape): ReadSql {
  const table = checkedTable(schema, shape.table);
  if (shape.kind === "count") {
    const where = shape.where === undefined ? "1" : conditionSql(table, shape.where, groupHole);
    const count = `SELECT '1 ' || json_array(json_object('count', count(*))) FROM ${quoted(table.name)} WHERE ${where}`;
    return { sql: linesOf(count), groupable: true };
  }
  const groupable = shape.limit === undefined && shape.offset === undefined;
  const rows = rowsSql(table, shape, groupable ? groupHole : loneHole);
  const columns = shape.columns === "*" ? table.columns.map(({ name }) => name) : shape.columns;
  const list = `'[' || coalesce(group_concat(${rowSql(table, columns)}), '') || ']'`;
  return { sql: linesOf(`SELECT count(*) || ' ' || ${list} FROM (${rows})`), groupable };
}

/** The rows that are asked for, with the columns that are asked for: what is sorted should be no more than that. */
function rowsSql(table: Table, shape: Extract<ReadShape, { kind: "select" }>, hole: Hole): string {
  const columns = shape.columns === "*" ? "*" : quotedList([...new Set(shape.columns)]);
  const where = shape.where === undefined ? "1" : conditionSql(table, shape.where, hole);
  const order = (shape.orderBy ?? []).map(
    ({ column, descending }, i) =>
      `${checkedColumn(table, column, `orderBy[${i}]`)}${descending ? " DESC" : ""}`,
  );
  const orderBy = order.length > 0 ? ` ORDER BY ${order.join(", ")}` : "";
  const most = rowsMax + 1;
  const limit = shape.limit === undefined ? String(most) : `min(${hole(shape.limit)}, ${most})`;
  const offset = shape.offset === undefined ? "" : ` OFFSET ${hole(shape.offset)}`;
  // The limit inside also keeps SQLite from dropping the order as pointless under an aggregate.
  return `SELECT ${columns} FROM ${quoted(table.name)} WHERE ${where}${orderBy} LIMIT ${limit}${offset}`;
}

/** A function takes a thousand arguments: two for each column. */
const objectColumnsMax = 400;

/** One row as a JSON object; a wide one is put together from several. @throws Refusal unknown_column */
function rowSql(table: Table, columns: readonly string[]): string {
  const outputs = columns.map((name, i) => {
    checkedColumn(table, name, `columns[${i}]`);
    const column = table.columns.find((candidate) => candidate.name === name) as Column;
    return `'${name.replaceAll("'", "''")}', ${outputOf(column)}`;
  });
  const objects: string[] = [];
  for (let from = 0; from < outputs.length; from += objectColumnsMax)
    objects.push(`json_object(${outputs.slice(from, from + objectColumnsMax).join(", ")})`);
  if (objects.length <= 1) return objects[0] ?? "json_object()";
  const last = objects.length - 1;
  return objects
    .map((object, i) => (i === 0 ? object : `ltrim(${object}, '{')`))
    .map((object, i) => (i === last ? object : `rtrim(${object}, '}')`))
    .join(" || ',' || ");
}

function outputOf({ name, type }: Column): string {
  const value = quoted(name);
  if (type === "boolean") return `json(CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)`;
  return type === "real" ? realSql(value) : value;
}

/**
 * SQLite's JSON functions print 15 digits, and a double needs up to 17. Its own 17 are not always those of the same double,
 * so 18 are printed, except where few decimals are surely enough: a division of two whole numbers is exactly rounded.
 * Infinities, which are not written any more, are told as numbers that a reader takes for one.
 */
const realSql = (value: string): string =>
  `CASE WHEN abs(${value}) < 1e9 AND round(${value} * 1e6) / 1e6 = ${value} THEN ${value} ELSE json(CASE` +
  ` WHEN ${value} - ${value} = 0 THEN printf('%!.18g', ${value})` +
  ` WHEN ${value} > 0 THEN '9.0e+999' WHEN ${value} < 0 THEN '-9.0e+999' END) END`;
