// PURE. What a manifest's schema asks of the tables that are there: additions, each a step of its own that is carried out or
// refused for a reason, and what depends on a refused one is refused with it. Nothing that holds data is ever dropped or
// changed: a typo must not cost any. The master goes by this; `diff` and the status tell it.

import { type Column, findTable, type Schema, schemaLimits, type Table } from "../schema.ts";
import { indexName, migrate, sameIndex, whyNotAddable } from "./migration.ts";
import { whyRefused } from "./migration-needs.ts";

/** Into `spec.database` of the manifest. */
export type SchemaPath = readonly (string | number)[];

export interface MigrationStep {
  /** `table t`, `column t.c`, `index on t (a, b)`: names it in messages, and tells it again. */
  readonly what: string;
  /** Of several that need each other: the name of each. */
  readonly parts?: readonly string[];
  readonly path: SchemaPath;
  /** Only what is added. A copy that has the rest ends up with both. */
  readonly adds: Schema;
}

export interface RefusedChange {
  readonly what: string;
  readonly path: SchemaPath;
  readonly reason: string;
}

export interface MigrationPlan {
  /** In an order in which each finds what it depends on. */
  readonly steps: readonly MigrationStep[];
  readonly refused: readonly RefusedChange[];
  /** What is there although the manifest does not name it. */
  readonly kept: readonly string[];
}

export const statementsOf = ({ steps }: MigrationPlan, have: Schema): readonly string[] => {
  let schema = have;
  return steps.flatMap(({ adds }) => {
    const migration = migrate(schema, adds);
    schema = migration.schema;
    return migration.statements;
  });
};

const nothing: ReadonlyMap<string, string> = new Map();

/** @param failed what was tried in vain, by name, with what the database said to it */
export function planMigration(
  have: Schema,
  want: Schema,
  failed: ReadonlyMap<string, string> = nothing,
): MigrationPlan {
  const changes = want.tables.flatMap((table, i) => changesOf(have, table, ["tables", i]));
  const refused: RefusedChange[] = [];
  let steps: MigrationStep[] = [];
  let bytes = JSON.stringify(have).length;
  for (const change of changes) {
    const reason = "reason" in change ? change.reason : failed.get(change.what);
    if (reason !== undefined) refused.push({ what: change.what, path: change.path, reason });
    else if ("adds" in change) {
      bytes += JSON.stringify(change.adds).length;
      if (bytes <= schemaLimits.bytesMax) steps.push(change);
      else refused.push({ ...named(change), reason: tooLarge });
    }
  }
  for (let before = -1; before !== steps.length; ) {
    before = steps.length;
    const then = after(have, steps);
    steps = steps.filter((step) => {
      const reason = whyRefused(step.adds, then);
      if (reason !== undefined) refused.push({ ...named(step), reason });
      return reason === undefined;
    });
  }
  return { steps: inOrder(have, steps), refused: inManifestOrder(refused), kept: keptOf(have, want) };
}

const tooLarge = `with it the tables would take more than ${schemaLimits.bytesMax} bytes to describe, those that are kept among them`;

const named = ({ what, path }: MigrationStep) => ({ what, path });

type Change = MigrationStep | RefusedChange;

const folded = (name: string): string => name.toLowerCase();

function changesOf(have: Schema, wanted: Table, path: SchemaPath): readonly Change[] {
  const { name, primaryKey, indexes = [] } = wanted;
  const what = `table ${name}`;
  const present = findTable(have, name);
  const indexSteps = indexes.flatMap((index, i): Change[] =>
    (present?.indexes ?? []).some((other) => sameIndex(other, index))
      ? []
      : [
          {
            what: indexName(name, index),
            path: [...path, "indexes", i],
            adds: { tables: [{ name, primaryKey, columns: [], indexes: [index] }] },
          },
        ],
  );
  if (present !== undefined)
    return [...keyChange(present, wanted, path), ...columnChanges(present, wanted, path), ...indexSteps];
  const other = have.tables.find((table) => folded(table.name) === folded(name));
  if (other !== undefined)
    return [
      { what, path, reason: `its name differs only in case from the table ${other.name} that is there` },
    ];
  const { indexes: _, ...table } = wanted;
  return [{ what, path, adds: { tables: [table] } }, ...indexSteps];
}

function keyChange(present: Table, wanted: Table, path: SchemaPath): readonly Change[] {
  if (present.primaryKey.join() === wanted.primaryKey.join()) return [];
  const reason = `it is ${present.primaryKey.join(", ")} and cannot be changed`;
  return [{ what: `primary key of table ${present.name}`, path: [...path, "primaryKey"], reason }];
}

function columnChanges(present: Table, wanted: Table, path: SchemaPath): readonly Change[] {
  const { name: table, primaryKey } = present;
  let count = present.columns.length;
  return wanted.columns.flatMap((column, i): Change[] => {
    const at = { what: `column ${table}.${column.name}`, path: [...path, "columns", i] };
    const known = present.columns.find(({ name }) => name === column.name);
    if (known !== undefined) {
      const differences = differencesOf(known, column, primaryKey);
      return differences === "" ? [] : [{ ...at, reason: `it cannot be changed: ${differences}` }];
    }
    const other = present.columns.find(({ name }) => folded(name) === folded(column.name));
    if (other !== undefined)
      return [{ ...at, reason: `its name differs only in case from the column ${other.name} that is there` }];
    const why = whyNotAddable(column);
    if (why !== undefined) return [{ ...at, reason: `it cannot be added: ${why}` }];
    count += 1;
    if (count > schemaLimits.columnsMax)
      return [{ ...at, reason: `the table would have more than ${schemaLimits.columnsMax} columns with it` }];
    return [{ ...at, adds: { tables: [{ name: table, primaryKey, columns: [column] }] } }];
  });
}

/** What a column says, without what goes without saying: the columns of a key are never null. */
function sayings(column: Column, primaryKey: readonly string[]): Readonly<Record<string, unknown>> {
  const inKey = primaryKey.includes(column.name);
  return {
    type: column.type,
    notNull: inKey || column.notNull === true,
    unique: (inKey && primaryKey.length === 1) || column.unique === true,
    autoIncrement: column.autoIncrement === true,
    default: column.default ?? null,
    references: column.references ?? null,
  };
}

function differencesOf(known: Column, wanted: Column, primaryKey: readonly string[]): string {
  const [is, shall] = [sayings(known, primaryKey), sayings(wanted, primaryKey)];
  return Object.keys(is)
    .map((key) => [key, JSON.stringify(is[key]), JSON.stringify(shall[key])] as const)
    .filter(([, now, then]) => now !== then)
    .map(([key, now, then]) => `${key} is ${now}, not ${then}`)
    .join(", ");
}

function after(have: Schema, steps: readonly MigrationStep[]): (name: string) => Table | undefined {
  const tables = new Map(have.tables.map((table) => [table.name, table]));
  for (const { adds } of steps) for (const table of adds.tables) put(tables, table);
  return (name) => tables.get(name);
}

function put(tables: Map<string, Table>, added: Table): void {
  const present = tables.get(added.name);
  // Indexes come before their table where that is only about to be made: whether it is, is judged by its columns.
  tables.set(
    added.name,
    present === undefined
      ? added
      : {
          name: present.name,
          primaryKey: present.primaryKey,
          columns: [...present.columns, ...added.columns],
          indexes: [...(present.indexes ?? []), ...(added.indexes ?? [])],
        },
  );
}

/** Tables that refer to each other in a circle are one step: each needs the other. */
function inOrder(have: Schema, steps: readonly MigrationStep[]): readonly MigrationStep[] {
  const ordered: MigrationStep[] = [];
  const tables = new Map(have.tables.map((table) => [table.name, table]));
  let left = steps;
  while (left.length > 0) {
    const waiting = left.filter((step) => {
      const withIt = new Map(step.adds.tables.map(({ name }) => [name, tables.get(name)]));
      for (const table of step.adds.tables) put(withIt as Map<string, Table>, table);
      if (whyRefused(step.adds, (name) => withIt.get(name) ?? tables.get(name)) !== undefined) return true;
      for (const table of step.adds.tables) put(tables, table);
      ordered.push(step);
      return false;
    });
    if (waiting.length < left.length) left = waiting;
    else {
      const adds = { tables: waiting.flatMap((step) => step.adds.tables) };
      const parts = waiting.map((step) => step.what);
      return [...ordered, { what: parts.join(", "), parts, path: waiting[0]?.path ?? [], adds }];
    }
  }
  return ordered;
}

const inManifestOrder = (refused: readonly RefusedChange[]): readonly RefusedChange[] => {
  const rank = ({ path: [, table, part, i] }: RefusedChange) =>
    Number(table) * 1e6 + (part === undefined ? 0 : part === "columns" ? 1e3 : 2e3) + Number(i ?? 0);
  return [...refused].sort((a, b) => rank(a) - rank(b));
};

function keptOf(have: Schema, want: Schema): readonly string[] {
  return have.tables.flatMap((table) => {
    const wanted = findTable(want, table.name);
    if (wanted === undefined) return [`table ${table.name}`];
    const columns = table.columns
      .filter(({ name }) => !wanted.columns.some((column) => column.name === name))
      .map(
        (column) =>
          `column ${table.name}.${column.name}${isNeeded(column) ? ", which every new row needs a value for" : ""}`,
      );
    const indexes = (table.indexes ?? [])
      .filter((index) => !(wanted.indexes ?? []).some((other) => sameIndex(other, index)))
      .map((index) => indexName(table.name, index));
    return [...columns, ...indexes];
  });
}

const isNeeded = ({ notNull, default: fallback, autoIncrement }: Column): boolean =>
  notNull === true && (fallback ?? null) === null && autoIncrement !== true;
