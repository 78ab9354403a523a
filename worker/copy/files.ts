// The files of a copy in its directory: which is in use, which was put aside, which has just arrived. At any moment, also when
// the machine stops in the middle, `data.db` is a whole copy: the old one or the new one.
import { join } from "node:path";
import { TerminalError, TransientError } from "../../core/errors.ts";
import { type Applied, nothingApplied } from "../../core/log/record.ts";
import type { Connection, Disk } from "../disk.ts";
import { DamagedFileError } from "../sqlite-errors.ts";
import { systemDisk } from "../system-disk.ts";

const fileName = "data.db";
/** SQLite's own files beside it. */
const companions = ["-wal", "-shm"] as const;
export const formatVersion = 1;

export const databaseFile = (directory: string): string => join(directory, fileName);
export const receivedFile = (directory: string): string => join(directory, "received.db");
export const donatedFile = (directory: string): string => join(directory, "donated.db");
const discardedFile = (directory: string): string => join(directory, `${fileName}.discarded`);

/** What cannot be looked at is not gone. @throws DamagedFileError when it is */
export async function mustBeThere(file: string, disk: Disk = systemDisk): Promise<void> {
  let bytes: number | undefined;
  try {
    bytes = await disk.size(file);
  } catch (cause) {
    throw new Error("could not look at the database file", { cause });
  }
  if (bytes === undefined) throw new DamagedFileError("database file is gone");
}

export async function removeDatabase(file: string, disk: Disk = systemDisk): Promise<void> {
  for (const ending of ["", ...companions]) await disk.remove(`${file}${ending}`);
}

/** Puts a damaged or outrun file aside, keeping the last one for a look, so that the next `open` starts from nothing. */
export async function discard(directory: string, disk: Disk = systemDisk): Promise<void> {
  const [file, aside] = [databaseFile(directory), discardedFile(directory)];
  await removeDatabase(aside, disk);
  // The database before its companions: SQLite never applies those to a file that is empty or not there.
  for (const ending of ["", ...companions]) await disk.rename(`${file}${ending}`, `${aside}${ending}`);
}

/** Makes a received snapshot, already checked, the file that the next `open` finds. The old one, which is closed, is kept aside. */
export async function install(
  directory: string,
  snapshotFile: string,
  disk: Disk = systemDisk,
): Promise<void> {
  const [file, aside] = [databaseFile(directory), discardedFile(directory)];
  await forgetId(snapshotFile, disk);
  await foldIn(file, disk);
  await removeDatabase(aside, disk);
  await disk.keepAlso(file, aside);
  // Empty since the old file was closed; they must not meet the new one.
  for (const ending of companions) await disk.remove(`${file}${ending}`);
  await disk.rename(snapshotFile, file);
  await disk.sync(directory);
}

/**
 * What is committed stands beside the file until SQLite has it in the file and has synced that. The file itself must not be opened
 * and closed here: with that the process would lose the lock that SQLite has on it.
 */
export async function sync(directory: string, disk: Disk): Promise<void> {
  await disk.sync(`${databaseFile(directory)}-wal`);
}

/** The donor's copy has that id. The next `open` gives this one its own. */
async function forgetId(file: string, disk: Disk): Promise<void> {
  const connection = await disk.openConnection(file, "write");
  try {
    await connection.run("DELETE FROM _dbaas_meta WHERE name = 'copyId'");
    await connection.all("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    await connection.close();
  }
}

/** What SQLite still has beside the file goes into it. */
async function foldIn(file: string, disk: Disk): Promise<void> {
  const bytes = await disk.size(`${file}-wal`).catch(() => undefined);
  if (bytes === undefined || bytes === 0) return;
  const connection = await disk.openConnection(file, "write");
  try {
    await connection.all("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    await connection.close();
  }
}

/** @throws DamagedFileError when the file is not whole */
export async function verify(connection: Connection): Promise<void> {
  const findings = await connection.all("PRAGMA quick_check(1)");
  const first = String(findings[0]?.quick_check ?? "no answer");
  if (first !== "ok") throw new DamagedFileError(`database file is damaged: ${first}`);
}

/** What a file says of itself: its format, its copy's id, place and schema. */
export async function prepareMeta(connection: Connection): Promise<ReadonlyMap<string, string>> {
  await connection.exec(
    "CREATE TABLE IF NOT EXISTS _dbaas_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
  );
  return metaIn(connection);
}

async function metaIn(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await connection.all("SELECT name, value FROM _dbaas_meta");
  return new Map(rows.map(({ name, value }) => [String(name), String(value)]));
}

/**
 * @throws TerminalError when a newer version wrote the file: it is kept as it is
 * @throws DamagedFileError when no version did
 */
export function requireFormat(text: string | undefined, where: string): void {
  const format = Number(text ?? formatVersion);
  if (format === formatVersion) return;
  if (Number.isSafeInteger(format) && format > formatVersion)
    throw new TerminalError(
      `${where} was written by a newer version (format ${format}; this version knows ${formatVersion}): ` +
        "run that version again; the file is left as it is",
    );
  throw new DamagedFileError(`${where} is of format ${text}, not ${formatVersion}`);
}

/**
 * Reads a received file through. @returns what it holds
 * @throws DamagedFileError, or TerminalError when a newer version wrote it
 */
export async function inspectFile(file: string, disk: Disk = systemDisk): Promise<Applied> {
  const connection = await disk.openConnection(file, "write");
  try {
    await verify(connection);
    const meta = await metaIn(connection);
    requireFormat(meta.get("format"), "the snapshot");
    return JSON.parse(meta.get("applied") ?? JSON.stringify(nothingApplied)) as Applied;
  } catch (cause) {
    if (cause instanceof TerminalError || cause instanceof DamagedFileError) throw cause;
    throw new TransientError("could not read the snapshot", { cause });
  } finally {
    await connection.close();
  }
}

/** How far the copy in a file is that was made of a whole one. */
export async function placeIn(file: string, disk: Disk = systemDisk): Promise<Applied> {
  const connection = await disk.openConnection(file, "write");
  try {
    const [row] = await connection.all("SELECT value FROM _dbaas_meta WHERE name = 'applied'");
    return row === undefined ? nothingApplied : (JSON.parse(String(row.value)) as Applied);
  } finally {
    await connection.close();
  }
}
