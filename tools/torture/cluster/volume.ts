// The file of a worker, reached through its volume, and what can happen to files.
import { closeSync, fstatSync, openSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { docker } from "../../cluster/command.ts";
import type { Worker } from "../../cluster/workers.ts";
import type { Random } from "../random.ts";
import { host } from "./host.ts";

const pageBytes = 4096;

export const folderOf = ({ containerName }: Pick<Worker, "containerName">): Promise<string> =>
  folderBehind(containerName);

async function folderBehind(volume: string): Promise<string> {
  return (await docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume)).trim();
}

/** Everything in it is gone; the folder itself, its owner and its rights stay. */
export async function emptied(volume: string): Promise<void> {
  await host("find", await folderBehind(volume), "-mindepth", "1", "-delete");
}

/** @returns where the copy is, beside the volume's folder */
export async function copiedAside(volume: string): Promise<string> {
  const folder = await folderBehind(volume);
  const aside = `${folder}.aside`;
  await host("rm", "-rf", aside);
  await host("cp", "--archive", folder, aside);
  return aside;
}

/** The volume holds again what was copied aside, and nothing else. */
export async function asBefore(volume: string, aside: string): Promise<void> {
  await emptied(volume);
  await host("cp", "--archive", "--no-target-directory", aside, await folderBehind(volume));
  await host("rm", "-rf", aside);
}

/** Takes the database out of a worker's folder. @returns what brings it back */
export async function hidden(folder: string): Promise<() => Promise<void>> {
  const place = `${folder}.hidden`;
  await host("rm", "-rf", place);
  await host("cp", "--archive", folder, place);
  await host("find", folder, "-mindepth", "1", "-delete");
  return async () => {
    await host("find", folder, "-mindepth", "1", "-delete");
    await host("cp", "--archive", "--no-target-directory", place, folder);
    await host("rm", "-rf", place);
  };
}

export const removeVolume = (volume: string): Promise<string> => docker("volume", "rm", volume);

export const databaseIn = (folder: string): string => join(folder, "data.db");

/** Writes noise over whole pages; all at once, so that the caller can kill the worker in the same turn. */
export function scribble(file: string, pages: number, random: Random): readonly number[] {
  const handle = openSync(file, "r+");
  try {
    const count = Math.max(1, Math.floor(fstatSync(handle).size / pageBytes));
    const chosen = Array.from({ length: pages }, () => random.between(0, count - 1));
    for (const page of chosen) {
      const noise = Buffer.from(Array.from({ length: pageBytes }, () => random.between(0, 255)));
      writeSync(handle, noise, 0, pageBytes, page * pageBytes);
    }
    return chosen;
  } finally {
    closeSync(handle);
  }
}

/** The log of the last transactions would repair the pages that it holds. */
export function removeRecentPages(file: string): void {
  for (const ending of ["-wal", "-shm"])
    try {
      unlinkSync(`${file}${ending}`);
    } catch {
      // Not there.
    }
}

export function truncate(file: string, random: Random): number {
  const handle = openSync(file, "r+");
  const bytes = Math.floor((fstatSync(handle).size * random.between(20, 80)) / 100);
  closeSync(handle);
  truncateSync(file, bytes);
  return bytes;
}

export const remove = (file: string): void => unlinkSync(file);
