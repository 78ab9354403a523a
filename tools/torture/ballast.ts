// Rows that no client touches, so that a replacement has something to carry.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Ask, attempt, isSuccess, mayRetry } from "./clients/attempt.ts";

const rowsAtOnce = 2_000;

export async function loadBallast(rows: number, ask: Ask): Promise<void> {
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const some = Array.from({ length: Math.min(rowsAtOnce, rows - from) }, (_, i) => ({
      n: from + i,
      filling: `row ${from + i} of the ballast, which is as long as an ordinary row`,
    }));
    const made = await ask("/api/v1/db/write", { op: "insert", table: "ballast", rows: some });
    if (made.kind !== "answered" || !isSuccess(made.answer))
      throw new Error(`could not load the ballast: ${JSON.stringify(made).slice(0, 300)}`);
  }
}

const mebibyte = 2 ** 20;
/** Below the largest body, with the names and quotes around. */
const rewritten = { rows: 100, fillingBytes: 9_000 } as const;

/** Writes the same few rows again and again: the log grows by that much, the copies do not. */
export async function writeBallastAgain(mebibytes: number): Promise<void> {
  const requests = Math.ceil((mebibytes * mebibyte) / (rewritten.rows * rewritten.fillingBytes));
  for (let round = 0; round < requests; round++) {
    const filling = String(round % 10).repeat(rewritten.fillingBytes);
    const rows = Array.from({ length: rewritten.rows }, (_, i) => ({ n: -1 - i, filling }));
    await untilWritten({ op: "upsert", table: "ballast", rows });
  }
}

const triesMax = 10;
const retryPauseMs = 1_000;

/** As any client of the service: under one key, sent again as long as the service says that it could not yet. */
async function untilWritten(body: unknown): Promise<void> {
  const key = { "idempotency-key": randomUUID() };
  for (let tries = 1; ; tries++) {
    const made = await attempt("/api/v1/db/write", body, key);
    const isAnswered = made.kind === "answered";
    if (isAnswered && isSuccess(made.answer)) return;
    if (tries === triesMax || (isAnswered && !mayRetry(made.answer)))
      throw new Error(`could not write the ballast again: ${JSON.stringify(made).slice(0, 300)}`);
    await sleep(retryPauseMs);
  }
}
