// One group commit of the master: many requests, one transaction, one record in the log.
//
//   begin -> look up keys -> apply each request under a savepoint -> publish the record -> READ IT BACK -> commit
//
// Only after the read-back is it certain that the record stands in the log before any successor's marker; so an answer
// of success means: in the log, and nobody else was master. If anything fails before, the transaction is rolled back and
// whatever stands in the log is applied later like anybody's.
//
// A commit has a budget, of time and of the record's bytes. What does not fit is left undone for a later one.
import { Refusal, refusalBody } from "../../core/errors.ts";
import { advance } from "../../core/log/judge.ts";
import { type BatchRecord, type Effect, encodeRecord } from "../../core/log/record.ts";
import { queueLimits, type WriteItem } from "../../core/messages/queues.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import { lookUp } from "../copy/keys.ts";
import type { Store } from "../copy/store.ts";
import { StorageFullError } from "../sqlite.ts";
import { Applying, applyChores, SlowWriteError, storageFull } from "./apply-writes.ts";

/** One request on its way through a commit. */
export interface PendingWrite {
  readonly item: WriteItem;
  readonly shape: WriteShape;
  /** The API's id of the message that it came in: it tells a request that comes too late. */
  readonly message: string;
  /** It is refused with this untried, and its key with it: no other copy of it will be applied either. */
  readonly refusal?: Refusal;
}

export interface WriteResult {
  readonly ok: boolean;
  /** JSON text. */
  readonly body: string;
  readonly position: number;
}

/** Nothing of the request has happened. "left": its turn did not come. "tooLong": it was interrupted. */
export type Undone = "left" | "tooLong";

/** Publishes a record and returns its offset once it was read back in its place. @throws when that is not certain */
export type Append = (
  content: Buffer,
  traceparent?: string,
) => Promise<{ readonly offset: number; readonly checksum: string }>;

/** What the master does of its own accord: a migration, the forgetting of keys. */
export interface Chore {
  readonly effect: Effect;
  /** Why it cannot be done on this schema, as the chores before it have left it: it is passed over then. */
  readonly unmet?: (schema: Schema) => string | undefined;
  /** The data does not allow it: nothing of it was done. */
  readonly onRefused: (refusal: Refusal) => void;
}

export interface CommitLimits {
  /** No request is begun when those before it have taken so long. */
  readonly budgetMs: number;
  /** Asked from time to time while a request runs: it is interrupted when it may not go on. */
  readonly mayGoOn: (write: PendingWrite, ranMs: number) => boolean;
}

export interface CommitInput {
  readonly writes: readonly PendingWrite[];
  readonly chores: readonly Chore[];
  readonly epoch: number;
  /** Unix ms by this worker's clock. */
  readonly atMs: number;
  /** Log time. */
  readonly logMs: number;
  readonly limits: CommitLimits;
  /** The traces of the messages that the writes came in. */
  readonly causes?: readonly string[];
}

/** A record holds no more than this; the broker refuses more than 16 MiB. */
const recordBytesMax = queueLimits.messageBytesMax;

class RecordTooLargeError extends Error {
  override readonly name = "RecordTooLargeError";
}

/** @returns an outcome for each write, in order; what was done is durable when this returns */
export async function commitBatch(
  store: Store,
  input: CommitInput,
  append: Append,
): Promise<readonly (WriteResult | Undone)[]> {
  const commit = new Commit(store, input, append);
  return commit.run();
}

class Commit {
  readonly #store: Store;
  readonly #input: CommitInput;
  readonly #append: Append;
  readonly #writes: PendingWrite[];
  readonly #outcomes: (WriteResult | Undone)[];
  /** The writes that are tried, by index: each key once. They become fewer when an attempt fails. */
  #fresh: readonly number[] = [];

  constructor(store: Store, input: CommitInput, append: Append) {
    this.#store = store;
    this.#input = input;
    this.#append = append;
    this.#writes = [...input.writes];
    this.#outcomes = new Array(input.writes.length);
  }

  async run(): Promise<readonly (WriteResult | Undone)[]> {
    const { chores } = this.#input;
    this.#fresh = await withoutKnown(this.#store, this.#writes, this.#outcomes);
    while (this.#fresh.length > 0 || chores.length > 0) if (await this.#attempted()) break;
    repeatTwins(this.#writes, this.#outcomes);
    return this.#outcomes;
  }

  /** @returns false when fewer requests must be tried */
  async #attempted(): Promise<boolean> {
    const { limits, logMs } = this.#input;
    const position = this.#store.applied.position + 1;
    const applying = new Applying(this.#store, { position, limits });
    let inLog = false;
    try {
      await this.#store.transaction(async () => {
        const { effects: done, schema } = await applyChores(this.#store, this.#input.chores);
        const keys = await applying.all(this.#writes, this.#fresh, this.#outcomes);
        const effects = [...done, ...applying.effects];
        if (effects.length === 0 && keys.length === 0) return { applied: this.#store.applied, schema };
        const { epoch, atMs } = this.#input;
        const record: BatchRecord = { kind: "batch", epoch, position, atMs, logMs, effects, keys };
        const content = encodeRecord(record);
        if (content.length > recordBytesMax && this.#fresh.length > 0) throw new RecordTooLargeError();
        await this.#store.recordKeys(keys, position, logMs);
        inLog = true;
        const { offset, checksum } = await this.#append(content);
        return { applied: advance(this.#store.applied, record, offset, checksum), schema };
      });
      return true;
    } catch (error) {
      if (inLog) throw error;
      return this.#withFewer(error);
    }
  }

  /** Nothing was changed and no client was told anything. @throws what fewer requests cannot help */
  #withFewer(error: unknown): boolean {
    if (error instanceof SlowWriteError) {
      // SQLite undoes a whole transaction when it interrupts a statement: those before it are done again.
      this.#keepFirst(this.#fresh.indexOf(error.index));
      this.#outcomes[error.index] = "tooLong";
      return false;
    }
    if (error instanceof RecordTooLargeError) {
      const tried = this.#fresh.filter((i) => this.#outcomes[i] !== "left");
      const [only] = tried;
      if (tried.length === 1 && only !== undefined) this.#refuseTooLarge(only);
      else this.#keepFirst(Math.ceil(tried.length / 2));
      return false;
    }
    if (!(error instanceof StorageFullError)) throw error;
    for (const i of this.#fresh) this.#outcomes[i] = storageFull;
    for (const { onRefused } of this.#input.chores) onRefused(new Refusal("storage_full", error.message));
    return true;
  }

  #keepFirst(count: number): void {
    for (const i of this.#fresh.slice(count)) this.#outcomes[i] = "left";
    this.#fresh = this.#fresh.slice(0, count);
  }

  /** The refusal is kept under its key, by the next attempt. */
  #refuseTooLarge(index: number): void {
    this.#keepFirst(this.#fresh.indexOf(index) + 1);
    const write = this.#writes[index];
    if (write !== undefined) this.#writes[index] = { ...write, refusal: tooLarge };
  }
}

/** Fills in the results of writes that were applied before, or that come too late. @returns the indexes of the others, each key once */
async function withoutKnown(
  store: Store,
  writes: readonly PendingWrite[],
  outcomes: (WriteResult | Undone)[],
): Promise<readonly number[]> {
  if (writes.length === 0) return [];
  const { known, isLate } = await lookUp(
    store.writer,
    writes.map(({ item }) => item.key),
    writes.map(({ message }) => message),
  );
  const fresh: number[] = [];
  const seen = new Set<string>();
  for (const [i, { item, message }] of writes.entries()) {
    const before = known.get(item.key);
    if (before !== undefined) {
      const reused = item.hash !== undefined && before.hash !== null && item.hash !== before.hash;
      outcomes[i] = reused ? keyReused : { ok: before.ok, body: before.answer, position: before.position };
    } else if (isLate(message)) outcomes[i] = tooLate;
    else if (!seen.has(item.key)) {
      seen.add(item.key);
      fresh.push(i);
    }
  }
  return fresh;
}

const refused = (refusal: Refusal): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(refusal)),
  position: 0,
});

const tooLarge = new Refusal(
  "too_large",
  "the write and its answer are larger than a record of the log may be",
  "(body)",
);

/** Its key may have been forgotten since it was applied. */
const tooLate = refused(
  new Refusal(
    "unavailable",
    "the request came long after its time; whether it was carried out is not known any more",
  ),
);

const keyReused = refused(
  new Refusal("key_reused", "this Idempotency-Key was used for another request", "Idempotency-Key"),
);

/** Two deliveries of one request can meet in one batch: the second gets the first one's answer. */
function repeatTwins(writes: readonly PendingWrite[], outcomes: (WriteResult | Undone)[]): void {
  const first = new Map<string, number>();
  for (const [i, { item }] of writes.entries()) {
    const twin = first.get(item.key);
    if (twin === undefined) first.set(item.key, i);
    if (outcomes[i] !== undefined) continue;
    const outcome = twin === undefined ? undefined : outcomes[twin];
    if (outcome === undefined) throw new Error("a write went without a result");
    if (typeof outcome === "string") outcomes[i] = "left";
    else outcomes[i] = item.hash === writes[twin ?? i]?.item.hash ? outcome : keyReused;
  }
}
