// An ordinary client, which reads and writes beside what others do.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../tools/cluster/http.ts";
import { user } from "./database.ts";

const pauseMs = 20;
/** Longer than the manifest lets a request wait. */
const answeredWithinMs = 90_000;

/**
 * It asks as long as the work lasts, and once at least. Each of its requests must be answered well; one that is answered 503
 * is sent again, for a machine may be slow, and there may be no master for a while.
 * @returns how long the slowest took
 */
export async function ordinaryDuring(work: () => Promise<unknown>): Promise<number> {
  const over = new AbortController();
  const working = work().finally(() => over.abort());
  // A failure of the client's own is told first.
  working.catch(() => undefined);
  const row = user("ordinary");
  let slowestMs = 0;
  do {
    const reading = await answered("read", { table: "users", where: { username: row.username } });
    const writing = await answered("write", { op: "upsert", table: "users", row });
    slowestMs = Math.max(slowestMs, reading, writing);
    await sleep(pauseMs);
  } while (!over.signal.aborted);
  await working;
  return Math.round(slowestMs);
}

/** @returns after how long */
async function answered(what: "read" | "write", body: unknown): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const { status, text } = await call("POST", `/api/v1/db/${what}`, { body, timeoutMs: answeredWithinMs });
    const tookMs = performance.now() - startedAtMs;
    if (status === 200) return tookMs;
    assert.ok(status === 503 && tookMs < answeredWithinMs, `after ${tookMs} ms: ${status} ${text}`);
    await sleep(pauseMs);
  }
}
