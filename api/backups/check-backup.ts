// A thread of its own that reads a backup through: it takes as long as the file is large, and reads and writes must not wait for it.
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import { DatabaseFile } from "../../platform/sqlite/database-file.ts";
import type { CheckedBackup } from "./backup-check.ts";

function check(path: string): CheckedBackup {
  try {
    const file = DatabaseFile.open(path);
    try {
      const damage = file.damage();
      if (damage !== undefined) return { ok: false, reason: `the file is damaged: ${damage}` };
      const meta = file.meta();
      if (meta === undefined) return { ok: false, reason: "the file is no copy of the database" };
      const applied = JSON.parse(meta.get("applied") ?? '{"position":0}') as { readonly position: number };
      return { ok: true, position: applied.position };
    } finally {
      file.close();
    }
  } catch (error) {
    return { ok: false, reason: `the file cannot be read: ${messageOf(error)}` };
  }
}

parentPort?.postMessage(check(String(workerData)));
