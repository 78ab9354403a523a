// What must hold between the columns and tables of a manifest, each of which is well-formed by itself. Paths are those of the
// manifest, below the table or the list of tables that is checked.

import { indexName } from "../rules/migration.ts";
import { isUnique } from "../rules/migration-needs.ts";
import type { Column, Reference, Table } from "../schema.ts";
import type { Report } from "./field.ts";
import { suggestion } from "./suggest.ts";

/** The values that an earlier one is equal to; SQLite does not tell `Users` from `users`. */
export function repeated(
  values: readonly string[],
): readonly { readonly i: number; readonly value: string }[] {
  const folded = values.map((value) => value.toLowerCase());
  return values.map((value, i) => ({ i, value })).filter(({ i }) => folded.indexOf(folded[i] ?? "") < i);
}

export function checkTable(table: Table, report: Report): void {
  const { name, columns, primaryKey, indexes = [] } = table;
  const known = columns.map((column) => column.name);
  for (const { i, value } of repeated(known))
    report(["columns", i, "name"], `repeats the column \`${value}\``);
  checkNames(primaryKey, known, (path, message) => report(["primaryKey", ...path], message));
  for (const [i, index] of indexes.entries())
    checkNames(index.columns, known, (path, message) => report(["indexes", i, "columns", ...path], message));
  for (const { i, value } of repeated(indexes.map((index) => indexName(name, index))))
    report(["indexes", i], `repeats the \`${value}\``);
  for (const [i, column] of columns.entries()) {
    const problem = column.autoIncrement === true ? autoIncrementProblem(column, primaryKey) : null;
    if (problem !== null) report(["columns", i, "autoIncrement"], problem);
  }
}

function autoIncrementProblem(column: Column, primaryKey: Table["primaryKey"]): string | null {
  const isAlone = primaryKey.length === 1 && primaryKey[0] === column.name;
  if (!isAlone || column.type !== "integer") return "is only for the one integer column of a primary key";
  return "default" in column ? "and a default exclude each other" : null;
}

function checkNames(given: readonly string[], known: readonly string[], report: Report): void {
  for (const { i, value } of repeated(given)) report([i], `repeats the column \`${value}\``);
  for (const [i, name] of given.entries())
    if (!known.includes(name))
      report([i], `names no column of this table: \`${name}\`${suggestion(name, known)}`);
}

export function checkReferences(tables: readonly Table[], report: Report): void {
  for (const [i, { columns }] of tables.entries())
    for (const [j, column] of columns.entries())
      if (column.references !== undefined)
        checkReference(column, column.references, tables, (path, message) =>
          report([i, "columns", j, "references", ...path], message),
        );
}

function checkReference(from: Column, to: Reference, tables: readonly Table[], report: Report): void {
  const target = tables.find(({ name }) => name === to.table);
  if (target === undefined) {
    const known = tables.map(({ name }) => name);
    report(["table"], `names no table: \`${to.table}\`${suggestion(to.table, known)}`);
    return;
  }
  const known = target.columns.map(({ name }) => name);
  const pointed = target.columns.find(({ name }) => name === to.column);
  if (pointed === undefined)
    report(["column"], `names no column of \`${to.table}\`: \`${to.column}\`${suggestion(to.column, known)}`);
  else if (!isUnique(target, to.column))
    report(["column"], `must be unique or the primary key of \`${to.table}\`: \`${to.column}\` is neither`);
  else if (pointed.type !== from.type)
    report(["column"], `is of type ${pointed.type}, but \`${from.name}\` is of type ${from.type}`);
}
