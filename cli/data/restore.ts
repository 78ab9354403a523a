// `restore`: the content of a backup becomes that of the cluster, by ordinary writes through the log, so that every copy has it and
// no failover loses any of it. The file is looked at as a whole before anything is changed. From the first write to the last the
// service serves nobody else; a restore that is broken off stays visible as such, and is done anew from its beginning.
import { randomUUID } from "node:crypto";
import type { Schema } from "../../core/schema.ts";
import { CliError, exitCodes } from "../exit.ts";
import { conflictsOf, neededTables, planDefinitions } from "./definitions.ts";
import { loadTables } from "./load.ts";
import { Progress } from "./progress.ts";
import { keyOfPart, type Service } from "./service.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { type FileTable, inOrder } from "./tables.ts";

/** Of a copy's file (`worker/copy/files.ts`). */
const formatKnown = 1;

export interface Restoring {
  readonly service: Service;
  readonly out: (text: string) => Promise<void>;
  readonly warn: (text: string) => Promise<void>;
}

/** @throws CliError when the file is no backup of this product that this version understands */
export function lookAtBackup(file: SqliteFile): {
  readonly tables: readonly FileTable[];
  /** The names of those that were the manifest's. */
  readonly manifests: readonly string[];
  readonly position: number;
} {
  file.check();
  const meta = file.meta();
  if (meta === undefined)
    throw new CliError(
      exitCodes.failed,
      "the file is no backup of this service: ./dbaas import takes any database of SQLite",
    );
  const format = Number(meta.get("format") ?? formatKnown);
  if (format !== formatKnown)
    throw new CliError(
      exitCodes.failed,
      `the backup is of format ${meta.get("format")}, this version knows ${formatKnown}: restore it with the version that made it`,
    );
  const { position } = JSON.parse(meta.get("applied") ?? '{"position":0}') as { readonly position: number };
  const schema = JSON.parse(meta.get("schema") ?? '{"tables":[]}') as Schema;
  return { tables: file.tables(), manifests: schema.tables.map(({ name }) => name), position };
}

type Looked = ReturnType<typeof lookAtBackup>;

const lower = (name: string): string => name.toLowerCase();

/** @throws CliError when the file's content has no place in the cluster */
async function mustFit(service: Service, file: SqliteFile, looked: Looked): Promise<void> {
  const definitions = file.definitions();
  const missing = await missingIn(service, looked, neededTables(definitions, looked.manifests));
  if (missing.length > 0)
    throw new CliError(
      exitCodes.failed,
      `the cluster has no ${missing.join(", no ")}, which the backup has: add what is missing to the manifest first, or to a table of SQL by ALTER TABLE`,
    );
  const conflicts = conflictsOf(definitions, await service.definitions(), looked.manifests);
  if (conflicts.length > 0)
    throw new CliError(
      exitCodes.failed,
      `the cluster has ${conflicts.join(", ")}: nothing was changed; drop it first`,
    );
}

/**
 * What of the file the cluster has not, and is not made by the restore.
 * @param needed tables without which something that SQL had made cannot be made
 */
async function missingIn(
  service: Service,
  { tables, manifests }: Looked,
  needed: readonly string[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  const theirs = new Set(manifests.map(lower));
  const referred = tables.flatMap(({ references, rows }) => (rows > 0 ? references : []));
  const others = new Set([...needed, ...referred.map(({ table }) => table)].map(lower));
  const there = new Set((await service.tables()).map(({ name }) => lower(name)));
  for (const { name, columns, rows } of tables) {
    if (!there.has(lower(name))) {
      if (theirs.has(lower(name)) && (rows > 0 || others.has(lower(name)))) missing.push(`table ${name}`);
      continue;
    }
    const known = new Set((await service.columns(name)).map(lower));
    for (const column of columns)
      if (!known.has(lower(column.name))) missing.push(`column ${name}.${column.name}`);
  }
  return missing;
}

async function fullTables(service: Service): Promise<readonly string[]> {
  const full: string[] = [];
  for (const { name } of await service.tables()) if (!(await service.isEmpty(name))) full.push(name);
  return full;
}

export async function restore(
  { service, out, warn }: Restoring,
  path: string,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const file = SqliteFile.open(path);
  try {
    const looked = lookAtBackup(file);
    const { tables, position } = looked;
    const broken = await service.restoreUnderWay();
    const attempt = randomUUID();
    const own = service.within(broken?.attempt ?? attempt);
    await mustFit(broken === null ? service : own, file, looked);
    await service.beginRestore(attempt);
    const mine = service.within(attempt);
    // What a broken restore left is nobody's data.
    await emptied(mine, attempt, replace || broken !== null);
    const filling = { service: mine, out, warn, file, attempt };
    const plan = planDefinitions(file.definitions(), await mine.definitions(), looked.manifests);
    await define(filling, plan.before, "before");
    const rows = await fill(filling, tables);
    await define(filling, plan.after, "after");
    await mine.endRestore(attempt);
    await out(`Restored ${rows} rows in ${tables.length} tables, as they were at position ${position}.\n`);
  } finally {
    file.close();
  }
}

async function emptied(service: Service, attempt: string, replace: boolean): Promise<void> {
  let full = await fullTables(service);
  if (full.length > 0 && !replace) {
    await service.endRestore(attempt);
    throw new CliError(
      exitCodes.failed,
      `the cluster has data in ${full.join(", ")}: nothing was changed; --replace deletes all of it first`,
    );
  }
  if (full.length === 0) return;
  await service.clear();
  full = await fullTables(service);
  for (const name of full) throw unfinished(`table ${name} is not empty after it was cleared`);
}

interface Filling extends Restoring {
  readonly file: SqliteFile;
  readonly attempt: string;
}

const definitionsMax = 50;

/** What SQL had made, in groups that are all or nothing. */
async function define(
  { service, attempt }: Filling,
  statements: readonly string[],
  when: "before" | "after",
): Promise<void> {
  for (let from = 0; from < statements.length; from += definitionsMax) {
    const group = statements.slice(from, from + definitionsMax).map((sql) => ({ sql, params: [] }));
    await service.together(group, keyOfPart(attempt, `definitions ${when} ${from}`)).catch((error) => {
      throw error instanceof CliError ? unfinished(error.message) : error;
    });
  }
}

async function fill(
  { service, warn, file, attempt }: Filling,
  tables: readonly FileTable[],
): Promise<number> {
  const all = tables.reduce((sum, { rows }) => sum + rows, 0);
  const progress = new Progress("restoring", all);
  const there = new Set((await service.tables()).map(({ name }) => lower(name)));
  const known = tables.filter(({ name }) => there.has(lower(name)));
  try {
    for (const { name, rows } of tables)
      if (rows > 0 && !there.has(lower(name))) throw unfinished(`the cluster has no table ${name}`);
    await loadTables({ service, file, source: attempt, progress, warn }, inOrder(known));
    for (const { name, rows } of known) {
      const found = await service.count(name);
      if (found !== rows) throw unfinished(`table ${name} has ${found} rows instead of ${rows}`);
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw unfinished(error.message);
  } finally {
    await progress.end();
  }
  return all;
}

const unfinished = (why: string): CliError =>
  new CliError(
    exitCodes.failed,
    `${why.replace(/; the restore is not finished.*$/s, "")}; the restore is not finished, and the service serves nobody until it is repeated, or ended empty by --abandon`,
  );

/** A restore that was broken off and is not wanted any more: what it wrote goes. */
export async function abandon({ service, out }: Restoring): Promise<void> {
  const broken = await service.restoreUnderWay();
  if (broken === null) throw new CliError(exitCodes.failed, "no restore is under way");
  const own = service.within(broken.attempt);
  await own.clear();
  await own.endRestore(broken.attempt);
  await out("The restore is ended, and the cluster is empty.\n");
}
