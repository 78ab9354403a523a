// Rows that nobody touches, so that a replacement has something to carry.
import { attempt, isSuccess } from "./clients/attempt.ts";

const rowsAtOnce = 2_000;

export async function loadBallast(rows: number): Promise<void> {
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const some = Array.from({ length: Math.min(rowsAtOnce, rows - from) }, (_, i) => ({
      n: from + i,
      filling: `row ${from + i} of the ballast, which is as long as an ordinary row`,
    }));
    const made = await attempt("/api/v1/db/write", { op: "insert", table: "ballast", rows: some });
    if (made.kind !== "answered" || !isSuccess(made.answer))
      throw new Error(`could not load the ballast: ${JSON.stringify(made).slice(0, 300)}`);
  }
}
