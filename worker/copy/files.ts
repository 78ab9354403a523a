// The files of a copy in its directory: which is in use, which was put aside, which has just arrived. At any moment, also when
// the machine stops in the middle, `data.db` is a whole copy: the old one or the new one.
import { copyFile, link, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TerminalError, TransientError } from "../../core/errors.ts";
import { type Applied, nothingApplied } from "../../core/log/judge.ts";
import { Connection, DamagedFileError } from "../sqlite.ts";

const fileName = "data.db";
/** SQLite's own files beside it. */
const companions = ["-wal", "-shm"] as const;
export const formatVersion = 1;

export const databaseFile = (directory: string): string => join(directory, fileName);
export const receivedFile = (directory: string): string => join(directory, "received.db");
export const donatedFile = (directory: string): string => join(directory, "donated.db");
const discardedFile = (directory: string): string => join(directory, `${fileName}.discarded`);

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** What cannot be looked at is not gone. @throws DamagedFileError when it is */
export async function mustBeThere(file: string): Promise<void> {
  try {
    await stat(file);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) throw new DamagedFileError("database file is gone");
    throw new Error("could not look at the database file", { cause });
  }
}

export async function removeDatabase(file: string): Promise<void> {
  for (const ending of ["", ...companions]) await rm(`${file}${ending}`, { force: true });
}

/** Puts a damaged or outrun file aside, keeping the last one for a look, so that the next `open` starts from nothing. */
export async function discard(directory: string): Promise<void> {
  const [file, aside] = [databaseFile(directory), discardedFile(directory)];
  await removeDatabase(aside);
  // The database before its companions: SQLite never applies those to a file that is empty or not there.
  for (const ending of ["", ...companions]) await renameIfThere(`${file}${ending}`, `${aside}${ending}`);
}

/** Makes a received snapshot, already checked, the file that the next `open` finds. The old one, which is closed, is kept aside. */
export async function install(directory: string, snapshotFile: string): Promise<void> {
  const [file, aside] = [databaseFile(directory), discardedFile(directory)];
  await foldIn(file);
  await removeDatabase(aside);
  await keepAlso(file, aside);
  // Empty since the old file was closed; they must not meet the new one.
  for (const ending of companions) await rm(`${file}${ending}`, { force: true });
  await rename(snapshotFile, file);
  await syncDirectory(directory);
}

/** What SQLite still has beside the file goes into it. */
async function foldIn(file: string): Promise<void> {
  const wal = await stat(`${file}-wal`).catch(() => null);
  if (wal === null || wal.size === 0) return;
  const connection = await Connection.open(file, "write");
  try {
    await connection.all("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    await connection.close();
  }
}

async function keepAlso(file: string, aside: string): Promise<void> {
  try {
    await link(file, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    // A file system without links.
    await copyFile(file, aside);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @throws DamagedFileError when the file is not whole */
export async function verify(connection: Connection): Promise<void> {
  const findings = await connection.all("PRAGMA quick_check(1)");
  const first = String(findings[0]?.quick_check ?? "no answer");
  if (first !== "ok") throw new DamagedFileError(`database file is damaged: ${first}`);
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
export async function inspectFile(file: string): Promise<Applied> {
  const connection = await Connection.open(file, "write");
  try {
    await verify(connection);
    const rows = await connection.all("SELECT name, value FROM _dbaas_meta");
    const meta = new Map(rows.map(({ name, value }) => [name, String(value)]));
    requireFormat(meta.get("format"), "the snapshot");
    return JSON.parse(meta.get("applied") ?? JSON.stringify(nothingApplied)) as Applied;
  } catch (cause) {
    if (cause instanceof TerminalError || cause instanceof DamagedFileError) throw cause;
    throw new TransientError("could not read the snapshot", { cause });
  } finally {
    await connection.close();
  }
}
