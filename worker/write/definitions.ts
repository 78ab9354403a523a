// What a statement of a client did to the schema, looked at before it counts: the manifest's part and the service's are as they were,
// no name is taken that others need, nothing is called that is not the same on every copy, and all of it stays of a bounded size.
import { Refusal } from "../../core/errors.ts";
import { quoted, type Schema } from "../../core/schema.ts";
import { checksByChance } from "../../core/sql/checks-by-chance.ts";
import type { Connection } from "../disk.ts";
import { compileDefinition } from "../sql/run-sql.ts";

export const definitionLimits = {
  /** Tables, indexes, views and triggers that SQL has made. */
  countMax: 2_000,
  /** Of their texts together: every connection of every copy holds them in its memory. */
  bytesMax: 1_000_000,
} as const;

interface Definition {
  readonly type: string;
  readonly name: string;
  /** Of an index or a trigger that of its table. */
  readonly table: string;
  readonly sql: string | null;
}

type Definitions = ReadonlyMap<string, Definition>;

/** @returns what to call once the statement is carried out; @throws Refusal, then, where it must be undone */
export async function beforeDefining(writer: Connection, kept: Schema): Promise<() => Promise<void>> {
  const before = await definitionsIn(writer);
  return async () => {
    const after = await definitionsIn(writer);
    mustStay(before, after, kept);
    mustBeFew([...after.values()].filter((one) => !isKept(one, kept)));
    for (const [key, one] of after) {
      if (one.sql === before.get(key)?.sql) continue;
      mustBeFree(one);
      if (one.type !== "table" || one.sql === null) continue;
      if (checksByChance(one.sql)) throw refused("random() is not to be had in what a table checks");
      await mustBeSame(writer, one.name, one.sql, kept);
    }
  };
}

async function definitionsIn(writer: Connection): Promise<Definitions> {
  const rows = await writer.all('SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema');
  return new Map(rows.map((row) => [`${row.type} ${row.name}`, row as unknown as Definition]));
}

const isOurs = ({ name, table }: Definition): boolean => [name, table].some((one) => /^_dbaas/i.test(one));

/** By the names that no other index may have. */
const isManifestsIndex = (name: string): boolean => /^(?:unique )?index on /.test(name);

function isKept(one: Definition, { tables }: Schema): boolean {
  if (isOurs(one)) return true;
  if (one.type === "trigger" || !tables.some(({ name }) => name === one.table)) return false;
  return one.type === "table" || one.sql === null || (one.type === "index" && isManifestsIndex(one.name));
}

function mustStay(before: Definitions, after: Definitions, kept: Schema): void {
  for (const all of [before, after])
    for (const [key, one] of all)
      if (isKept(one, kept) && before.get(key)?.sql !== after.get(key)?.sql)
        throw refused(`${one.type} ${one.name} is not SQL's to change`);
}

/** SQLite says no name to look at before, where something is renamed. */
function mustBeFree({ type, name }: Definition): void {
  if ((type === "table" || type === "view") && /^(?:jsonb?_(?:each|tree)$|pragma_|dbstat$)/i.test(name))
    throw refused(`the name ${name} is taken`);
}

function mustBeFew(made: readonly Definition[]): void {
  const bytes = made.reduce((sum, { sql }) => sum + Buffer.byteLength(sql ?? ""), 0);
  const { countMax, bytesMax } = definitionLimits;
  if (made.length > countMax)
    throw new Refusal(
      "too_large",
      `SQL makes at most ${countMax} tables, indexes, views and triggers`,
      "sql",
    );
  if (bytes > bytesMax)
    throw new Refusal("too_large", `what SQL makes takes at most ${bytesMax} bytes to describe`, "sql");
}

const tableName = /^CREATE TABLE\s+(?:"(?:[^"]|"")*"|\[[^\]]*\]|`(?:[^`]|``)*`|'(?:[^']|'')*'|[^\s("[`']+)/i;

/**
 * SQLite asks nobody about the functions of defaults (before 3.54), nor of columns that are added, nor whether what a table refers to can be
 * referred to.
 * @throws Refusal
 */
async function mustBeSame(writer: Connection, table: string, sql: string, kept: Schema): Promise<void> {
  await compileDefinition(writer, sql.replace(tableName, 'CREATE TABLE "looked at, not made"'), kept);
  const defaults = await writer.all("SELECT dflt_value AS value FROM pragma_table_xinfo(?1)", table);
  for (const { value } of defaults)
    if (value !== null)
      await compileDefinition(writer, `SELECT ${value}`, kept).catch((error) => {
        // A word that is a text in a default is a column in a query.
        if (error instanceof Refusal && error.sqlite !== "SQLITE_AUTH") return;
        throw error;
      });
  const parents = await writer.all('SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(?1)', table);
  for (const { name } of parents) {
    const parent = kept.tables.find((one) => one.name.toLowerCase() === String(name).toLowerCase());
    if (parent !== undefined) await writer.exec(`EXPLAIN DELETE FROM ${quoted(parent.name)}`);
  }
}

const refused = (message: string): Refusal => new Refusal("bad_request", message, "sql", "SQLITE_AUTH");
