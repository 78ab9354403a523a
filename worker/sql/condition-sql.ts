// PURE. A parsed condition -> SQL. Identifiers are checked against the table; values stay holes.
import { assertNever, Refusal } from "../../core/errors.ts";
import { type Condition, isColumns, type Like } from "../../core/messages/statement.ts";
import type { Table } from "../../core/schema.ts";
import { quoted } from "./schema-sql.ts";

/** SQL that yields parameter `index` of the row at hand. */
export type Hole = (index: number) => string;

/** @throws Refusal unknown_column naming `field` */
export function checkedColumn(table: Table, name: string, field: string): string {
  if (!table.columns.some((column) => column.name === name))
    throw new Refusal("unknown_column", `table ${table.name} has no column ${JSON.stringify(name)}`, field);
  return quoted(name);
}

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
