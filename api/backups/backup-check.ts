// Whether a file is a whole backup.
import { Worker } from "node:worker_threads";

export type CheckedBackup =
  | { readonly ok: true; readonly position: number }
  | { readonly ok: false; readonly reason: string };

const memoryMib = 64;

/** @throws when the thread ends without an answer, or by the signal */
export async function checkBackup(path: string, signal: AbortSignal): Promise<CheckedBackup> {
  signal.throwIfAborted();
  const thread = new Worker(new URL("./check-backup.ts", import.meta.url), {
    workerData: path,
    resourceLimits: { maxOldGenerationSizeMb: memoryMib },
  });
  return new Promise((resolve, reject) => {
    const end = () => {
      void thread.terminate();
      // It may be busy in SQLite, and ends only behind that.
      reject(signal.reason);
    };
    signal.addEventListener("abort", end, { once: true });
    thread.once("exit", () => signal.removeEventListener("abort", end));
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => reject(new Error("the check of the backup ended without an answer")));
  });
}
