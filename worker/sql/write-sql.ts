// PURE. A write shape -> SQL. `?1` is a JSON array with one array of parameters for each row, so that an insert takes any
// number of rows in one call; the other shapes have one.
import { assertNever, Refusal } from "../../core/errors.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { Schema, Table } from "../../core/schema.ts";
import { checkedColumn, conditionSql, type Hole } from "./condition-sql.ts";
import { checkedTable } from "./read-sql.ts";
import { childrenFirst, quoted, quotedList } from "./schema-sql.ts";

/** A shape that names something in a table. */
export type TableShape = Extract<WriteShape, { readonly table: string }>;

export interface WriteSql {
  readonly sql: string;
  /** The same, returning for each inserted row the digits of the column that counts itself, as `id`; null where there is none. */
  readonly returningIds: string | null;
}

const hole: Hole = (index) => `json_extract(?1, '$[0][${index}]')`;

/** @throws Refusal unknown_table or unknown_column, with the field */
export function writeSql(schema: Schema, shape: TableShape): WriteSql {
  const table = checkedTable(schema, shape.table);
  switch (shape.kind) {
    case "insert":
      return insertSql(table, shape.columns, shape.onConflict === "update");
    case "update": {
      const set = shape.set.map((name, i) => `${checkedColumn(table, name, `set.${name}`)} = ${hole(i)}`);
      const where = conditionSql(table, shape.where, hole, "asMarked");
      return { sql: `UPDATE ${quoted(table.name)} SET ${set.join(", ")} WHERE ${where}`, returningIds: null };
    }
    case "delete": {
      const where = conditionSql(table, shape.where, hole, "asMarked");
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
export const clearSql = (schema: Schema): string =>
  [
    "PRAGMA defer_foreign_keys = ON;",
    ...childrenFirst(schema).map((table) => `DELETE FROM ${quoted(table.name)};`),
    "PRAGMA defer_foreign_keys = OFF;",
  ].join(" ");
