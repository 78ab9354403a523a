// Where tests put databases: syncs to a disk are most of what they wait for, and none of them asks what a disk does. Each process has a
// folder of its own there, so that the next one can tell what a killed one left: in memory it would stay until the machine is restarted.
import { mkdirSync, readdirSync, rmdirSync, rmSync, statfsSync } from "node:fs";
import { freemem, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const memory = "/dev/shm";
/** Engines give a container less unless they are asked: too little for the largest databases of the tests. */
const roomBytesLeast = 2 ** 30;
/** What is put there is taken from the programs. */
const freeBytesLeast = 2 ** 31;

function isRoomy(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= roomBytesLeast && freemem() >= freeBytesLeast;
  } catch {
    return false;
  }
}

/** Of processes on this machine: another container has other ones, and perhaps the same memory. */
const prefix = `dbaas-tests-${hostname()}-`;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Several processes may do it at once, and what belongs to another user stays. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The next process tries it again.
  }
}

/** @returns the folder of this process in it */
export function ownFolder(base: string): string {
  for (const name of readdirSync(base)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid))
      attempt(() => rmSync(join(base, name), { recursive: true, force: true }));
  }
  const own = join(base, `${prefix}${process.pid}`);
  mkdirSync(own, { recursive: true });
  // The folder is that of all threads; what the tests have left in it is for the next process.
  if (isMainThread) process.once("exit", () => attempt(() => rmdirSync(own)));
  return own;
}

const folders = new Map<string, string>();

/** In memory, where the machine has a folder that is, with room. */
export function quickFolder(): string {
  const base = process.platform === "linux" && isRoomy(memory) ? memory : tmpdir();
  const folder = folders.get(base) ?? ownFolder(base);
  folders.set(base, folder);
  return folder;
}
