// The disk of this machine.
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import type { Disk } from "./disk.ts";
import { openSqlite } from "./sqlite.ts";

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

export const systemDisk: Disk = {
  openConnection: openSqlite,
  makeDirectory: async (directory) => void (await mkdir(directory, { recursive: true })),
  sync: async (path) => {
    const handle = await open(path, "r").catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
    try {
      await handle?.sync();
    } finally {
      await handle?.close();
    }
  },
  size: async (file) => {
    try {
      return (await stat(file)).size;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  },
  remove: (file) => rm(file, { force: true }),
  rename: async (from, to) => {
    try {
      await rename(from, to);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  },
  keepAlso: async (file, name) => {
    try {
      await link(file, name);
    } catch (error) {
      if (isGone(error)) return;
      // A file system without links.
      await copyFile(file, name);
    }
  },
  create: async (file) => {
    const handle = await open(file, "w");
    return {
      write: (bytes) => handle.writeFile(bytes),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  read: (file, chunkBytes) => createReadStream(file, { highWaterMark: chunkBytes }),
};
