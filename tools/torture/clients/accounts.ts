// Fills the accounts before the first transaction.
import { setTimeout as sleep } from "node:timers/promises";
import { accountStart, accounts } from "../history.ts";
import { type Ask, isSuccess } from "./attempt.ts";

const againMs = 500;

/** Once more where no answer came: those that are there stay as they are. */
export async function openAccounts(ask: Ask, over: AbortSignal): Promise<void> {
  const values = accounts.map(() => "(?, ?)").join(", ");
  const sql = `INSERT OR IGNORE INTO accounts (name, value) VALUES ${values}`;
  const params = accounts.flatMap((name) => [name, accountStart]);
  while (!over.aborted) {
    const made = await ask("/api/v1/db/write", { sql, params });
    if (made.kind === "answered" && isSuccess(made.answer)) return;
    await sleep(againMs);
  }
}
