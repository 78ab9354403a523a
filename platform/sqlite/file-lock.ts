// A file that one process at a time has for itself: until that lets go of it or ends, however it ends. Across containers as well, as
// long as they share the file. SQLite's own lock is one of the system's, which the kernel takes back with the process.
import { DatabaseSync } from "node:sqlite";

/** Asked again at once by whoever waits. */
const waitMs = 0;
const busy = 5;

/** @returns what lets go of it; null while another process has it */
export function lockFile(path: string): (() => void) | null {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    // Nothing is ever written to it, nor beside it.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return () => database.close();
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return null;
    throw error;
  }
}
