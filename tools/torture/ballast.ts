// Rows that no client touches, so that a replacement has something to carry.
import { type Ask, attempt, isSuccess } from "./clients/attempt.ts";

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
    const made = await attempt("/api/v1/db/write", { op: "upsert", table: "ballast", rows });
    if (made.kind !== "answered" || !isSuccess(made.answer))
      throw new Error(`could not write the ballast again: ${JSON.stringify(made).slice(0, 300)}`);
  }
}
