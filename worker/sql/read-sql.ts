// PURE. A read shape -> one SQL statement that answers any number of requests of that shape at once.
// `?1` is a JSON array with one array of parameters for each request; each result row is one request's whole answer, as JSON
// text made by SQLite, which nobody parses again on its way to the client.
import { Refusal } from "../../protocol/errors.ts";
import { type Column, findTable, type Schema, type Table } from "../../protocol/schema.ts";
import type { ReadShape } from "../../protocol/statement.ts";
import { checkedColumn, conditionSql, type Hole } from "./condition-sql.ts";
import { quoted } from "./schema-sql.ts";

/** A read that would answer more rows than this is refused: the client should page. */
export const rowsMax = 100_000;

export interface ReadSql {
  /** Yields a row per request: `body`, which is how many rows the answer holds, a space, and the answer's JSON text. */
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

const outputOf = (column: Column): string => {
  const name = quoted(column.name);
  if (column.type !== "boolean") return name;
  return `json(CASE ${name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)`;
};

const groupHole: Hole = (index) => `json_extract(request.value, '$[${index}]')`;
const loneHole: Hole = (index) => `json_extract(?1, '$[0][${index}]')`;

/** @throws Refusal unknown_table or unknown_column, with the field */
export function readSql(schema: Schema, shape: ReadShape): ReadSql {
  const table = checkedTable(schema, shape.table);
  if (shape.kind === "count") {
    const where = shape.where === undefined ? "1" : conditionSql(table, shape.where, groupHole);
    const count = `SELECT '1 ' || json_array(json_object('count', count(*))) FROM ${quoted(table.name)} WHERE ${where}`;
    return { sql: `SELECT (${count}) AS body FROM json_each(?1) AS request`, groupable: true };
  }
  const groupable = shape.limit === undefined && shape.offset === undefined;
  const hole = groupable ? groupHole : loneHole;
  const columns = shape.columns === "*" ? table.columns.map((column) => column.name) : shape.columns;
  const outputs = columns.map((name, i) => {
    checkedColumn(table, name, `columns[${i}]`);
    const column = table.columns.find((candidate) => candidate.name === name) as Column;
    return `'${name.replaceAll("'", "''")}', ${outputOf(column)}`;
  });
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
  const rows = `SELECT * FROM ${quoted(table.name)} WHERE ${where}${orderBy} LIMIT ${limit}${offset}`;
  const answer = `SELECT count(*) || ' ' || json_group_array(json_object(${outputs.join(", ")})) FROM (${rows})`;
  const sql = groupable
    ? `SELECT (${answer}) AS body FROM json_each(?1) AS request`
    : `SELECT (${answer}) AS body`;
  return { sql, groupable };
}
