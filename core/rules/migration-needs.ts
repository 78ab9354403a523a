// PURE. What an addition to the schema needs to find there: a reference its target, an index its columns.
import type { Column, Index, Reference, Schema, Table } from "../schema.ts";

/** A row can only refer to something that picks out one row. */
export const isUnique = (target: Table, name: string): boolean =>
  (target.primaryKey.length === 1 && target.primaryKey[0] === name) ||
  target.columns.some((one) => one.name === name && one.unique === true) ||
  (target.indexes ?? []).some(
    (one) => one.unique === true && one.columns.length === 1 && one.columns[0] === name,
  );

/** @param find a table as it is with the additions. @returns undefined when they find everything that they need */
export function whyRefused(adds: Schema, find: (table: string) => Table | undefined): string | undefined {
  for (const { name, columns, indexes = [] } of adds.tables) {
    const table = find(name);
    // A table has columns: one without any is known only from the addition of an index.
    if (table === undefined || table.columns.length === 0) return `there is no table ${name}`;
    for (const column of columns) {
      const why = column.references && whyNoTarget(column, column.references, find(column.references.table));
      if (why !== undefined) return why;
    }
    for (const index of indexes) {
      const why = whyNoIndex(index, table);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

function whyNoIndex({ columns }: Index, table: Table): string | undefined {
  const missing = columns.find((name) => !table.columns.some((column) => column.name === name));
  return missing === undefined ? undefined : `there is no column ${table.name}.${missing}`;
}

function whyNoTarget(from: Column, to: Reference, target: Table | undefined): string | undefined {
  const whole = `${to.table}.${to.column}`;
  if (target === undefined || target.columns.length === 0)
    return `${from.name} refers to ${whole}, and there is no table ${to.table}`;
  const column = target.columns.find(({ name }) => name === to.column);
  if (column === undefined) return `${from.name} refers to ${whole}, and there is no such column`;
  if (!isUnique(target, to.column)) return `${from.name} refers to ${whole}, which is not unique`;
  return column.type === from.type
    ? undefined
    : `${from.name} refers to ${whole}, which is of type ${column.type}, not ${from.type}`;
}
