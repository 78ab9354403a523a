// Why an attempt at a group commit was undone, and whose request was at fault. The attempt is made again without it, or the request is
// not tried again.
import { Refusal, refusalBody } from "../../core/errors.ts";
import { LostTransactionError } from "../sql/run-sql.ts";
import { InterruptedError, isFaultOfOurs, OutOfMemoryError, refusalOf } from "../sqlite-errors.ts";
import type { WriteResult } from "./draft.ts";

/** Kept under no key, for there is no room: a copy of the request may be applied when there is. */
export const storageFull: WriteResult = {
  ok: false,
  body: JSON.stringify(
    refusalBody(
      new Refusal(
        "storage_full",
        "no room left for the database; the write may still be carried out when there is, and can be sent again under its Idempotency-Key",
      ),
    ),
  ),
  position: 0,
};

/** A request was interrupted. The transaction is gone with it. */
export class SlowWriteError extends Error {
  override readonly name = "SlowWriteError";
  /** Among the commit's writes. */
  readonly index: number;

  constructor(index: number) {
    super("a write ran longer than it may");
    this.index = index;
  }
}

/** A request is refused, and SQLite has undone the whole transaction with it. */
export class UndoneWriteError extends Error {
  override readonly name = "UndoneWriteError";
  /** Among the commit's writes. */
  readonly index: number;
  readonly refusal: Refusal;

  constructor(index: number, refusal: Refusal) {
    super("a write took the transaction with it");
    this.index = index;
    this.refusal = refusal;
  }
}

/** A request met a fault of this program. The transaction is gone with it. */
export class FaultyWriteError extends Error {
  override readonly name = "FaultyWriteError";
  readonly key: string;

  constructor(key: string, cause: unknown) {
    super("a write could not be carried out", { cause });
    this.key = key;
  }
}

/** @param key of the request's item @returns what the error of a request ends the whole attempt with */
export function undoing(error: unknown, index: number, key: string): unknown {
  if (error instanceof InterruptedError) return new SlowWriteError(index);
  if (error instanceof LostTransactionError) return undoneBy(error.cause, index);
  if (error instanceof OutOfMemoryError) return undoneBy(error, index);
  return isFaultOfOurs(error) ? new FaultyWriteError(key, error) : error;
}

/** What is not the request's fault stays what it is: the attempt is undone with it anyway. */
function undoneBy(error: unknown, index: number): unknown {
  const refusal = refusalOf(error);
  return refusal === null || refusal.code === "storage_full" || refusal.code === "query_timeout"
    ? error
    : new UndoneWriteError(index, refusal);
}
