// PURE. A parsed condition -> SQL. Identifiers are checked against the table; values stay holes.
import { assertNever, Refusal } from "../../protocol/errors.ts";
import type { Table } from "../../protocol/schema.ts";
import type { Condition } from "../../protocol/statement.ts";
import { quoted } from "./schema-sql.ts";

/** SQL that yields parameter `index` of the row at hand. */
export type Hole = (index: number) => string;

/** @throws Refusal unknown_column naming `field` */
export function checkedColumn(table: Table, name: string, field: string): string {
  if (!table.columns.some((column) => column.name === name))
    throw new Refusal("unknown_column", `table ${table.name} has no column ${JSON.stringify(name)}`, field);
  return quoted(name);
}

export function conditionSql(table: Table, condition: Condition, hole: Hole): string {
  switch (condition.op) {
    case "and":
    case "or": {
      if (condition.of.length === 0) return condition.op === "and" ? "1" : "0";
      const parts = condition.of.map((part) => conditionSql(table, part, hole));
      return `(${parts.join(condition.op === "and" ? " AND " : " OR ")})`;
    }
    case "not":
      return `(NOT ${conditionSql(table, condition.of, hole)})`;
    case "const":
      return condition.value ? "1" : "0";
    case "isNull":
      return `(${checkedColumn(table, condition.column, "where")} IS NULL)`;
    case "in":
      return `(${checkedColumn(table, condition.column, "where")} IN (SELECT value FROM json_each(${hole(condition.param)})))`;
    case "like":
      return `(${checkedColumn(table, condition.column, "where")} LIKE ${hole(condition.param)})`;
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return `(${checkedColumn(table, condition.column, "where")} ${condition.op} ${hole(condition.param)})`;
    default:
      return assertNever(condition);
  }
}
