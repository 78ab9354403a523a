// What must hold between the columns and tables of a manifest, each of which is well-formed by itself.

import { indexName } from "../rules/migration.ts";
import { isUnique } from "../rules/migration-needs.ts";
import type { Column, Reference, Table } from "../schema.ts";
import type { Place } from "./fields.ts";
import { suggestion } from "./suggest.ts";

/** SQLite does not tell `Users` from `users`. */
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function reportRepeats(values: readonly string[], place: (i: number) => Place, what: string): void {
  for (const [i, value] of values.entries())
    if (values.slice(0, i).some((earlier) => same(earlier, value)))
      place(i).report(`repeats the ${what === "" ? "" : `${what} `}\`${value}\``);
}

export function checkColumns(read: Required<Table>, place: Place): void {
  const known = read.columns.map(({ name }) => name);
  reportRepeats(known, (i) => place.at("columns").at(i).at("name"), "column");
  checkNames(read.primaryKey, known, place.at("primaryKey"));
  for (const [i, { columns }] of read.indexes.entries())
    checkNames(columns, known, place.at("indexes").at(i).at("columns"));
  reportRepeats(
    read.indexes.map((index) => indexName(read.name, index)),
    (i) => place.at("indexes").at(i),
    "",
  );
  for (const [i, { autoIncrement, type, name, ...rest }] of read.columns.entries()) {
    const alone = read.primaryKey.length === 1 && read.primaryKey[0] === name;
    const at = place.at("columns").at(i).at("autoIncrement");
    if (autoIncrement && !(alone && type === "integer"))
      at.report("is only for the one integer column of a primary key");
    else if (autoIncrement && "default" in rest) at.report("and a default exclude each other");
  }
}

function checkNames(given: readonly string[], known: readonly string[], place: Place): void {
  const at = (i: number): Place => (Array.isArray(place.value) ? place.at(i) : place);
  reportRepeats(given, at, "column");
  for (const [i, name] of given.entries())
    if (!known.includes(name))
      at(i).report(`names no column of this table: \`${name}\`${suggestion(name, known)}`);
}

export function checkReference(from: Column, to: Reference, tables: readonly Table[], place: Place): void {
  const target = tables.find(({ name }) => name === to.table);
  if (target === undefined) {
    place.at("table").report(
      `names no table: \`${to.table}\`${suggestion(
        to.table,
        tables.map(({ name }) => name),
      )}`,
    );
    return;
  }
  const pointed = target.columns.find(({ name }) => name === to.column);
  const known = target.columns.map(({ name }) => name);
  const at = place.at("column");
  if (pointed === undefined)
    at.report(`names no column of \`${to.table}\`: \`${to.column}\`${suggestion(to.column, known)}`);
  else if (!isUnique(target, to.column))
    at.report(`must be unique or the primary key of \`${to.table}\`: \`${to.column}\` is neither`);
  else if (pointed.type !== from.type)
    at.report(`is of type ${pointed.type}, but \`${from.name}\` is of type ${from.type}`);
}
