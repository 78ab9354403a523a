// One group commit of the master: many requests, one transaction, one record in the log.
//
//   begin -> look up keys -> apply each request under a savepoint -> publish the record -> READ IT BACK -> commit
//
// Only after the read-back is it certain that the record stands in the log before any successor's marker; so an answer
// of success means: in the log, and nobody else was master. If anything fails before, the transaction is rolled back and
// whatever stands in the log is applied later like anybody's.
import { Refusal, refusalBody } from "../../protocol/errors.ts";
import type { WriteItem } from "../../protocol/queues.ts";
import { type BatchRecord, type Effect, encodeRecord } from "../../protocol/record.ts";
import type { WriteShape } from "../../protocol/statement.ts";
import { advance } from "../replica/judge.ts";
import { findKeys } from "../replica/keys.ts";
import type { Store } from "../replica/store.ts";
import { StorageFullError } from "../sqlite.ts";
import { Applying, applyChores, SlowWriteError } from "./apply-writes.ts";

/** One request on its way through a commit. */
export interface PendingWrite {
  readonly item: WriteItem;
  readonly shape: WriteShape;
  /** It is refused untried, and its key with it: no other copy of it will be applied either. */
  readonly poisoned?: boolean;
}

export interface WriteResult {
  readonly ok: boolean;
  /** JSON text. */
  readonly body: string;
  readonly position: number;
}

/** Publishes a record and returns its offset once it was read back in its place. @throws when that is not certain */
export type Append = (
  content: Buffer,
  traceparent?: string,
) => Promise<{ readonly offset: number; readonly checksum: string }>;

/** What the master does of its own accord: a migration, the forgetting of keys. */
export interface Chore {
  readonly effect: Effect;
  /** The data does not allow it: nothing of it was done. */
  readonly onRefused: (refusal: Refusal) => void;
}

export interface CommitInput {
  readonly writes: readonly PendingWrite[];
  readonly chores: readonly Chore[];
  readonly epoch: number;
  readonly atMs: number;
  /** The traces of the messages that the writes came in. */
  readonly causes?: readonly string[];
}

export interface CommitLimits {
  /** One request may run this long; then it is interrupted and refused. */
  readonly writeMs: number;
}

/** @returns a result for each write, in order; the writes' data is durable when this returns */
export async function commitBatch(
  store: Store,
  input: CommitInput,
  limits: CommitLimits,
  append: Append,
): Promise<readonly WriteResult[]> {
  const slow = new Set<string>();
  for (;;) {
    try {
      return await attempt(store, input, limits, slow, append);
    } catch (error) {
      // SQLite undoes a whole transaction when it is interrupted: the others are applied anew, without the slow one.
      if (!(error instanceof SlowWriteError)) throw error;
      slow.add(error.key);
    }
  }
}

async function attempt(
  store: Store,
  { writes, chores, epoch, atMs }: CommitInput,
  { writeMs }: CommitLimits,
  slow: ReadonlySet<string>,
  append: Append,
): Promise<readonly WriteResult[]> {
  const position = store.applied.position + 1;
  const results: WriteResult[] = new Array(writes.length);
  const fresh = await withoutKnown(store, writes, results);
  const applying = new Applying(store, { position, writeMs, slow });
  let inLog = false;
  try {
    await store.transaction(async () => {
      const { effects: done, schema } = await applyChores(store, chores);
      const keys = await applying.all(writes, fresh, results);
      const effects = [...done, ...applying.effects];
      if (effects.length === 0 && keys.length === 0) return { applied: store.applied, schema };
      const record: BatchRecord = { kind: "batch", epoch, position, atMs, effects, keys };
      await store.recordKeys(keys, position, atMs);
      inLog = true;
      const { offset, checksum } = await append(encodeRecord(record));
      return { applied: advance(store.applied, record, offset, checksum), schema };
    });
  } catch (error) {
    // Nothing was changed and nobody was told anything: the clients learn why, and this master goes on.
    if (inLog || !(error instanceof StorageFullError)) throw error;
    for (const i of fresh) results[i] = storageFull(error);
  }
  repeatTwins(writes, results);
  return results;
}

/** Fills in the results of writes applied before. @returns the indexes of the others, each key once */
async function withoutKnown(
  store: Store,
  writes: readonly PendingWrite[],
  results: WriteResult[],
): Promise<readonly number[]> {
  const known = await findKeys(
    store.writer,
    writes.map(({ item }) => item.key),
  );
  const fresh: number[] = [];
  const seen = new Set<string>();
  for (const [i, { item }] of writes.entries()) {
    const before = known.get(item.key);
    if (before !== undefined) {
      const reused = item.hash !== undefined && before.hash !== null && item.hash !== before.hash;
      results[i] = reused ? keyReused : { ok: before.ok, body: before.answer, position: before.position };
    } else if (!seen.has(item.key)) {
      seen.add(item.key);
      fresh.push(i);
    }
  }
  return fresh;
}

const storageFull = ({ message }: StorageFullError): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(new Refusal("storage_full", message))),
  position: 0,
});

const keyReused: WriteResult = {
  ok: false,
  body: JSON.stringify(
    refusalBody(
      new Refusal("key_reused", "this Idempotency-Key was used for another request", "Idempotency-Key"),
    ),
  ),
  position: 0,
};

/** Two deliveries of one request can meet in one batch: the second gets the first one's answer. */
function repeatTwins(writes: readonly PendingWrite[], results: WriteResult[]): void {
  for (const [i, { item }] of writes.entries()) {
    if (results[i] !== undefined) continue;
    const twin = writes.findIndex((other) => other.item.key === item.key);
    const result = results[twin];
    if (result === undefined) throw new Error("a write went without a result");
    const reused = item.hash !== writes[twin]?.item.hash;
    results[i] = reused ? keyReused : result;
  }
}
