// PURE. A shape -> SQL. Identifiers are checked against the schema; values stay holes, which parameters fill as JSON.
// Names of our own start with `_dbaas`, as no table or column of a manifest may.
import { assertNever, Refusal } from "../../core/errors.ts";
import {
  type Condition,
  isColumns,
  type Like,
  type ReadShape,
  statementLimits,
  type WriteShape,
} from "../../core/messages/statement.ts";
import { type Column, findTable, quoted, quotedList, type Schema, type Table } from "../../core/schema.ts";

/** @throws Refusal unknown_table */
export function checkedTable(schema: Schema, name: string): Table {
  const table = findTable(schema, name);
  if (table === undefined)
    throw new Refusal("unknown_table", `there is no table ${JSON.stringify(name)}`, "table");
  return table;
}

/** @throws Refusal unknown_column naming `field` */
function checkedColumn(table: Table, name: string, field: string): string {
  if (!table.columns.some((column) => column.name === name))
    throw new Refusal("unknown_column", `table ${table.name} has no column ${JSON.stringify(name)}`, field);
  return quoted(name);
}

/** SQL that yields parameter `index` of the row at hand. */
export type Hole = (index: number) => string;

/** Whether patterns are compared with whole texts everywhere, or only where the condition says so. */
export type Likes = "whole" | "asMarked";

/** @throws Refusal unknown_column */
export function conditionSql(table: Table, condition: Condition, hole: Hole, likes: Likes = "whole"): string {
  const column = (name: string): string => checkedColumn(table, name, "where");
  switch (condition.op) {
    case "and":
    case "or": {
      if (condition.of.length === 0) return condition.op === "and" ? "1" : "0";
      const parts = condition.of.map((part) => conditionSql(table, part, hole, likes));
      return `(${parts.join(condition.op === "and" ? " AND " : " OR ")})`;
    }
    case "not":
      return `(NOT ${conditionSql(table, condition.of, hole, likes)})`;
    case "const":
      return condition.value ? "1" : "0";
    case "isNull":
      return `(${column(condition.column)} IS NULL)`;
    case "in":
      return `(${column(condition.column)} IN (SELECT value FROM json_each(${hole(condition.param)})))`;
    case "like":
      return likeSql(
        column(condition.column),
        condition,
        hole,
        isText(table, condition.column) && (likes === "whole" || condition.whole === true),
      );
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=": {
      if (!isColumns(condition))
        return `(${column(condition.column)} ${condition.op} ${hole(condition.param)})`;
      // A unary plus takes the column's type from the other side, as SQLite does it for the entries of a list.
      const plus = condition.listed === true ? "+" : "";
      return `(${column(condition.column)} ${condition.op} ${plus}${column(condition.other)})`;
    }
    default:
      return assertNever(condition);
  }
}

const isText = (table: Table, name: string): boolean =>
  table.columns.some((column) => column.name === name && column.type === "text");

/** Unicode's noncharacters, which stand for a U+0000 and for two backslashes while a text is compared. */
const [nul, backslashes] = ["char(64976)", "char(64977)"];

/**
 * SQLite's LIKE sees a text up to its first U+0000. Texts that have one go through their JSON form, in which it is `\u0000`,
 * to a text that has another character in its place. So has the pattern (`withoutNul`).
 */
function likeSql(column: string, like: Like, hole: Hole, whole: boolean): string {
  const pattern = "pattern" in like ? `${hole(like.pattern)} ESCAPE ${hole(like.escape)}` : hole(like.param);
  const plain = `${column} LIKE ${pattern}`;
  if (!whole) return `(${plain})`;
  const json = `replace(replace(json_quote(${column}), '\\\\', ${backslashes}), '\\u0000', ${nul})`;
  const text = `json_extract(replace(${json}, ${backslashes}, '\\\\'), '$')`;
  // The quickest of the ways to see that a text goes on behind a U+0000.
  const goesOn = `octet_length(format('%s', ${column})) <> octet_length(${column})`;
  return `(CASE WHEN ${goesOn} THEN ${text} LIKE ${pattern} ELSE ${plain} END)`;
}

/** A pattern as it is compared. */
export const withoutNul = (pattern: string): string => pattern.replaceAll("\0", "\ufdd0");

/** A read of one table's rows. */
export type TableRead = Extract<ReadShape, { readonly table: string }>;

export interface ReadSql {
  /** Yields one row with `body`: for each request a line, which is how many rows its answer has, a space, and its JSON text. */
  readonly sql: string;
  /** False when SQL cannot take the limit from each request, so that they run one by one. */
  readonly groupable: boolean;
}

const groupHole: Hole = (index) => `json_extract(_dbaas_request.value, '$[${index}]')`;
const loneHole: Hole = (index) => `json_extract(?1, '$[0][${index}]')`;

const linesOf = (answer: string): string =>
  `SELECT group_concat((${answer}), char(10)) AS body FROM json_each(?1) AS _dbaas_request`;

/**
 * One statement that answers any number of requests of the shape at once: `?1` is a JSON array with one array of parameters for each
 * request. Answers are JSON text made by SQLite, which is not parsed again on its way to the client. They are put together by
 * `group_concat`, which keeps no more than the connection allows a text to have (`Connection.limitLength`).
 * @throws Refusal unknown_table or unknown_column, with the field
 */
export function readSql(schema: Schema, shape: TableRead): ReadSql {
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
function rowsSql(table: Table, shape: Extract<TableRead, { kind: "select" }>, hole: Hole): string {
  const columns = shape.columns === "*" ? "*" : quotedList([...new Set(shape.columns)]);
  const where = shape.where === undefined ? "1" : conditionSql(table, shape.where, hole);
  const order = (shape.orderBy ?? []).map(
    ({ column, descending }, i) =>
      `${checkedColumn(table, column, `orderBy[${i}]`)}${descending ? " DESC" : ""}`,
  );
  const orderBy = order.length > 0 ? ` ORDER BY ${order.join(", ")}` : "";
  const most = statementLimits.rowsMax + 1;
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

/** A shape that names something in a table. */
export type TableShape = Extract<WriteShape, { readonly table: string }>;

export interface WriteSql {
  readonly sql: string;
  /** The same, returning for each inserted row the digits of the column that counts itself, as `id`; null where there is none. */
  readonly returningIds: string | null;
}

const rowHole: Hole = (index) => `json_extract(?1, '$[0][${index}]')`;

/**
 * `?1` is a JSON array with one array of parameters for each row, so that an insert takes any number of rows in one call; the other
 * shapes have one.
 * @throws Refusal unknown_table or unknown_column, with the field
 */
export function writeSql(schema: Schema, shape: TableShape): WriteSql {
  const table = checkedTable(schema, shape.table);
  switch (shape.kind) {
    case "insert":
      return insertSql(table, shape.columns, shape.onConflict === "update");
    case "update": {
      const set = shape.set.map((name, i) => `${checkedColumn(table, name, `set.${name}`)} = ${rowHole(i)}`);
      const where = conditionSql(table, shape.where, rowHole, "asMarked");
      return { sql: `UPDATE ${quoted(table.name)} SET ${set.join(", ")} WHERE ${where}`, returningIds: null };
    }
    case "delete": {
      const where = conditionSql(table, shape.where, rowHole, "asMarked");
      // A condition may have no parameter; SQLite refuses one that stands nowhere.
      return {
        sql: `DELETE FROM ${quoted(table.name)} WHERE ${where} AND ?1 IS NOT NULL`,
        returningIds: null,
      };
    }
    default:
      return assertNever(shape);
  }
}

function insertSql(table: Table, columns: readonly string[], upsert: boolean): WriteSql {
  const seen = new Set<string>();
  for (const [i, name] of columns.entries()) {
    checkedColumn(table, name, `columns[${i}]`);
    if (seen.has(name)) throw new Refusal("bad_request", `column ${name} is named twice`, `columns[${i}]`);
    seen.add(name);
  }
  const values = columns.map((_, i) => `json_extract(_dbaas_row.value, '$[${i}]')`);
  // WHERE true keeps SQLite from reading ON CONFLICT as a join condition.
  const insert =
    `INSERT INTO ${quoted(table.name)} AS _dbaas_table (${quotedList(columns)}) ` +
    `SELECT ${values.join(", ")} FROM json_each(?1) AS _dbaas_row WHERE true`;
  const counted = table.columns.find((column) => column.autoIncrement);
  const sql = `${insert}${upsert ? conflictSql(table, columns) : ""}`;
  return {
    sql,
    returningIds:
      counted === undefined ? null : `${sql} RETURNING CAST(${quoted(counted.name)} AS TEXT) AS id`,
  };
}

function conflictSql(table: Table, columns: readonly string[]): string {
  const updates = columns
    .filter((name) => !table.primaryKey.includes(name))
    .map((name) => `${quoted(name)} = excluded.${quoted(name)}`);
  const target = ` ON CONFLICT (${quotedList(table.primaryKey)}) DO`;
  return updates.length === 0 ? `${target} NOTHING` : `${target} UPDATE SET ${updates.join(", ")}`;
}

/**
 * Counted keys go on from where they were: a key of a deleted row never means another one. References are looked at when all
 * tables are empty, because they may go round in a circle.
 */
export const clearSql = (schema: Schema, first: readonly string[] = []): string =>
  [
    "PRAGMA defer_foreign_keys = ON;",
    ...[...first, ...childrenFirst(schema).map(({ name }) => name)].map(
      (name) => `DELETE FROM ${quoted(name)};`,
    ),
    "PRAGMA defer_foreign_keys = OFF;",
  ].join(" ");

/** Children before the tables they refer to, so that emptying in this order breaks no reference. */
export function childrenFirst(schema: Schema): readonly Table[] {
  const ordered: Table[] = [];
  const visit = (table: Table, above: ReadonlySet<string>): void => {
    if (ordered.includes(table) || above.has(table.name)) return;
    const path = new Set([...above, table.name]);
    for (const other of schema.tables)
      if (other.columns.some((column) => column.references?.table === table.name)) visit(other, path);
    ordered.push(table);
  };
  for (const table of schema.tables) visit(table, new Set());
  return ordered;
}
