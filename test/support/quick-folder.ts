// Where tests put databases: syncs to a disk are most of what they wait for, and none of them asks what a disk does.
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const memory = "/dev/shm";
/** Engines give a container less unless they are asked: too little for the largest databases of the tests. */
const roomBytesLeast = 2 ** 30;

function isRoomy(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= roomBytesLeast;
  } catch {
    return false;
  }
}

/** Memory, where the machine has a folder that is, with room. */
export const quickFolder = (): string =>
  process.platform === "linux" && isRoomy(memory) ? memory : tmpdir();
