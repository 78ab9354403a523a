// SQL of several requests in one call, for a call costs more than most statements do. Each is kept, or undone, by itself in it, as if
// it were carried out alone.
import { Refusal, TransientError } from "../../core/errors.ts";
import { bytesOfRows, bytesOfShape } from "../../core/log/record.ts";
import type { SqlShape } from "../../core/messages/statement.ts";
import type { Made } from "../copy/effects.ts";
import type { Moment } from "../copy/seen.ts";
import type { Store } from "../copy/store.ts";
import { EndedListError, type ListedStatement, runSqlList } from "../sql/run-list.ts";
import { paramsText, type SqlResult } from "../sql/run-sql.ts";
import { OutOfMemoryError, refusalOf } from "../sqlite-errors.ts";
import type { PendingWrite } from "./draft.ts";
import { madeBy } from "./sql-writes.ts";
import { FaultyWriteError, undoing } from "./undone-writes.ts";

/** A write on a list. */
export interface Listed extends ListedStatement {
  readonly write: PendingWrite;
  /** Among the commit's writes. */
  readonly index: number;
  readonly seed: string;
  /** About how much of the record it takes, which has the text of each. */
  readonly recordBytes: number;
}

/** @param writes each of which `isListed` @throws FaultyWriteError */
export function listOf(
  writes: readonly PendingWrite[],
  indexes: readonly number[],
  { atMs, newSeed }: Moment,
): readonly Listed[] {
  return writes.map((write, i) => {
    const { shape, item } = write;
    try {
      const { sql, names } = shape as SqlShape;
      const params = paramsText(item.rows[0] ?? [], names);
      const recordBytes = bytesOfShape(shape) + bytesOfRows(item.rows);
      return { write, index: indexes[i] ?? 0, sql, params, atMs, seed: newSeed(), recordBytes };
    } catch (cause) {
      throw new FaultyWriteError(item.key, cause);
    }
  });
}

/**
 * Interrupts the work when this write may not go on.
 * @param othersMs what others may have taken of the time of the work
 */
export type Watched = <T>(write: PendingWrite, othersMs: number, work: () => Promise<T>) => Promise<T>;

/**
 * One call, with the first of the list.
 * @returns what came of those that were begun, one at least; it throws what is not the request's fault
 */
export async function carryOutFirst(
  store: Store,
  list: readonly [Listed, ...(readonly Listed[])],
  watched: Watched,
): Promise<readonly (() => Made | Refusal)[]> {
  const tried = list.slice(0, fitting(list));
  // It is not known yet which one will be interrupted, but it began while the call might still begin one.
  const othersMs = tried.length > 1 ? store.writer.callMs : 0;
  const results = await watched(list[0].write, othersMs, () =>
    runSqlList(store.writer, tried, { apart: true }),
  ).catch((error) => {
    const isOfOne = error instanceof EndedListError;
    const { write, index } = list[isOfOne ? error.reached : 0] ?? list[0];
    // Before a statement had been begun, none of them is to blame for the memory that was not there.
    if (error instanceof OutOfMemoryError)
      throw new TransientError("begin a list of statements", { cause: error });
    throw undoing(isOfOne ? error.cause : error, index, write.item.key);
  });
  return results.map((result, i) => () => madeOf(result, tried[i] ?? list[0]));
}

/** No further one is tried behind so much of a record. */
const recordBytesEnough = 1024 * 1024;

function fitting(list: readonly Listed[]): number {
  let bytes = 0;
  const count = list.findIndex(({ recordBytes }) => {
    bytes += recordBytes;
    return bytes - recordBytes > recordBytesEnough;
  });
  return count === -1 ? list.length : count;
}

/** One that left a reference to a row that is not there has been undone already, like one that failed. */
function madeOf(result: () => SqlResult, { write: { shape, item }, atMs, seed }: Listed): Made | Refusal {
  try {
    const made = madeBy(result(), { shape, rows: [item.rows[0] ?? []] }, { atMs, seed });
    if (made.unresolved !== true) return made;
    return new Refusal("constraint_violation", "FOREIGN KEY constraint failed");
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refusal;
  }
}
