// The folder of the scheduled backups on this machine's disk.
import { type FileHandle, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type CheckedBackup, checkBackup } from "./backup-check.ts";

export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
}

export interface BackupFolder {
  /** Whatever lies there. */
  list(directory: string): Promise<readonly ListedFile[]>;
  /** What its disk has left for the service; null where that is not known. */
  freeBytes(directory: string): Promise<number | null>;
  /** Makes or replaces it; it is on the disk when this returns. Whoever gives the chunks up ends it. */
  write(file: string, chunks: AsyncIterable<Buffer>): Promise<void>;
  check(file: string, signal: AbortSignal): Promise<CheckedBackup>;
  /** It has the new name also after a power cut. */
  rename(directory: string, from: string, to: string): Promise<void>;
  /** Does nothing where it is not there. */
  remove(file: string): Promise<void>;
}

/** As safe as the data: nobody but the service reads it. */
const mode = 0o600;

/** What a disk has to write at once holds up all others. */
const syncEveryBytes = 8 * 1024 * 1024;

/** Of file systems that do not know it for directories: theirs is to keep a name that was given. */
const unknownSync = ["EINVAL", "ENOTSUP"];

export async function syncedDirectory(directory: string, openPath: OpenPath = open): Promise<void> {
  const handle = await openPath(directory, "r");
  try {
    await handle.sync();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && unknownSync.includes(String(error.code)))) throw error;
  } finally {
    await handle.close();
  }
}

type OpenPath = (path: string, flags: "r") => Promise<Pick<FileHandle, "sync" | "close">>;

export const systemBackupFolder: BackupFolder = {
  list: async (directory) => {
    const names = await readdir(directory);
    // What is removed between the two looks is not there.
    const sizes = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => null)));
    return names.flatMap((name, i) => {
      const found = sizes[i];
      return found?.isFile() ? [{ name, bytes: found.size }] : [];
    });
  },
  freeBytes: async (directory) => {
    const found = await statfs(directory).catch(() => null);
    // Some file systems, of other hosts above all, tell no sizes.
    return found === null || found.blocks === 0 ? null : found.bavail * found.bsize;
  },
  write: async (file, chunks) => {
    const handle = await open(file, "w", mode);
    try {
      let unsyncedBytes = 0;
      for await (const chunk of chunks) {
        await handle.writeFile(chunk);
        unsyncedBytes += chunk.length;
        if (unsyncedBytes < syncEveryBytes) continue;
        await handle.datasync();
        unsyncedBytes = 0;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  check: checkBackup,
  rename: async (directory, from, to) => {
    await rename(join(directory, from), join(directory, to));
    await syncedDirectory(directory);
  },
  remove: (file) => rm(file, { force: true }),
};
