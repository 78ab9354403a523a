// PURE: what a backup holds of tables, indexes, views and triggers that SQL has made, and what a restore has to make and to drop of it.
// The manifest's tables and their indexes are the manifest's to make.
import { quoted } from "../../core/schema.ts";
import { isUsers } from "./tables.ts";

export interface Definition {
  readonly type: string;
  readonly name: string;
  /** The table of an index or a trigger; its own name otherwise. */
  readonly table: string;
  /** Empty for what SQLite has made itself. */
  readonly sql: string;
}

/** Statements, in their order. */
export interface DefinitionPlan {
  /** Before the rows come. */
  readonly before: readonly string[];
  /** Behind them: no trigger is to go off with a row that has seen it already. */
  readonly after: readonly string[];
}

const lower = (name: string): string => name.toLowerCase();

/** Of the manifest's tables the indexes are named so that no client can. */
const isManifests = ({ name }: Definition): boolean => /^(unique )?index on /.test(name);

/** A name is one of all kinds, but for triggers. */
const keyOf = ({ type, name }: Definition): string => `${type === "trigger" ? "trigger" : ""} ${lower(name)}`;

/** What the restore makes itself, where it is not there. */
function bySqlOf(inFile: readonly Definition[], manifests: readonly string[]): readonly Definition[] {
  const theirs = new Set(manifests.map(lower));
  return inFile.filter(
    (one) =>
      one.sql !== "" &&
      isUsers(one.name) &&
      !isManifests(one) &&
      !(one.type === "table" && theirs.has(lower(one.name))),
  );
}

/** What stands in the way of the file's: a name that is of something else there. Its rows would have no place. */
export function conflictsOf(
  inFile: readonly Definition[],
  there: readonly Definition[],
  manifests: readonly string[],
): readonly string[] {
  const known = new Map(there.map((one) => [keyOf(one), one]));
  return bySqlOf(inFile, manifests).flatMap((one) => {
    const other = known.get(keyOf(one));
    if (other === undefined) return [];
    if (other.type !== one.type) return [`${other.type} ${other.name}, which is a ${one.type} in the backup`];
    const isOtherIndex = lower(other.table) !== lower(one.table) || other.sql !== one.sql;
    return one.type === "index" && isOtherIndex ? [`another index ${other.name} than the backup`] : [];
  });
}

/** The tables without which something of the file cannot be made. */
export const neededTables = (
  inFile: readonly Definition[],
  manifests: readonly string[],
): readonly string[] =>
  bySqlOf(inFile, manifests)
    .filter(({ type }) => type === "index" || type === "trigger")
    .map(({ table }) => table);

/**
 * @param inFile in the order in which they were made
 * @param manifests the tables that were the manifest's when the backup was made
 */
export function planDefinitions(
  inFile: readonly Definition[],
  there: readonly Definition[],
  manifests: readonly string[],
): DefinitionPlan {
  const known = new Map(there.map((one) => [keyOf(one), one]));
  const bySql = bySqlOf(inFile, manifests);
  const isMissing = (one: Definition): boolean => !known.has(keyOf(one));
  const missing = (type: string) => bySql.filter((one) => one.type === type && isMissing(one));
  const isOtherView = (one: Definition): boolean => {
    const before = known.get(keyOf(one));
    return before?.type === "view" && before.sql !== one.sql;
  };
  const views = bySql.filter(({ type }) => type === "view");
  const sqlOf = ({ sql }: Definition): string => sql;
  return {
    before: [
      ...there.filter(({ type }) => type === "trigger").map(({ name }) => `DROP TRIGGER ${quoted(name)}`),
      ...views.filter(isOtherView).map(({ name }) => `DROP VIEW ${quoted(name)}`),
      ...missing("table").map(sqlOf),
      ...missing("index").map(sqlOf),
    ],
    after: [
      ...views.filter((one) => isMissing(one) || isOtherView(one)).map(sqlOf),
      ...bySql.filter(({ type }) => type === "trigger").map(sqlOf),
    ],
  };
}
