// The roles' `Ledger` on a real copy. Its heart is `prepare`: looks up keys, opens a transaction, applies each request so that one that is
// refused harms no other, and builds the record of what they did.
//
// A commit has a budget, of time and of the record's bytes. What does not fit is left undone for a later one. An attempt that
// fails because of its requests is undone and made again with fewer of them; all of that happens before a record can be in
// the log.
import { randomUUID } from "node:crypto";
import { Refusal, refusalBody } from "../../core/errors.ts";
import { advance, type BatchRecord, type Effect, encodeRecord } from "../../core/log/record.ts";
import { queueLimits } from "../../core/messages/queues.ts";
import type { Schema } from "../../core/schema.ts";
import { applyEffect, attempted } from "../copy/effects.ts";
import { lookUp, newestKeyMs } from "../copy/keys.ts";
import type { Store, Transaction } from "../copy/store.ts";
import type { Connection } from "../disk.ts";
import type { Ledger } from "../ports.ts";
import { StorageFullError } from "../sqlite-errors.ts";
import { Applying } from "./apply-writes.ts";
import type { Chore, CommitInput, Draft, LogPlace, Outcome, PendingWrite, WriteResult } from "./draft.ts";
import { SlowWriteError, storageFull, UndoneWriteError } from "./undone-writes.ts";

/** @param newSeed another text each time: what the chance of a client's SQL comes from */
export const ledgerOf = (store: Store, newSeed: () => string = randomUUID): Ledger => ({
  copyId: store.copyId,
  get applied() {
    return store.applied;
  },
  get schema() {
    return store.schema;
  },
  apply: (entries) => store.apply(entries),
  prepare: (input) => new Preparing(store, input, newSeed).run(),
  known: async (keys) => new Set((await lookUp(store.writer, keys, [])).known.keys()),
  newestKeyMs: () => newestKeyMs(store.writer),
  syncEveryCommit: (on) => store.syncEveryCommit(on),
  sync: () => store.sync(),
});

/** A record holds no more than this; the broker refuses more than 16 MiB. */
const recordBytesMax = queueLimits.messageBytesMax;

class RecordTooLargeError extends Error {
  override readonly name = "RecordTooLargeError";
}

const tooLarge = new Refusal(
  "too_large",
  "the write and its answer are larger than a record of the log may be",
  "(body)",
);

class Preparing {
  readonly #store: Store;
  readonly #input: CommitInput;
  readonly #newSeed: () => string;
  readonly #writes: PendingWrite[];
  readonly #outcomes: Outcome[];
  /** The writes that are tried, by index: each key once. They become fewer when an attempt fails. */
  #fresh: readonly number[];

  constructor(store: Store, input: CommitInput, newSeed: () => string) {
    this.#store = store;
    this.#input = input;
    this.#newSeed = newSeed;
    this.#writes = [...input.writes];
    this.#outcomes = new Array(input.writes.length);
    this.#fresh = [...input.writes.keys()];
  }

  async run(): Promise<Draft> {
    for (let begun = this.#begin(); ; begun = this.#store.begin()) {
      const draft = await this.#attempt(begun);
      if (draft !== "fewer") return draft;
    }
  }

  /** Looks the keys up while the transaction opens: each is a way to SQLite's thread and back, and neither needs the other. */
  async #begin(): Promise<Transaction> {
    const begun = this.#store.begin();
    const known = withoutKnown(this.#store.writer, this.#writes, this.#outcomes);
    const [, found] = await Promise.allSettled([begun, known]);
    const transaction = await begun;
    if (found.status === "rejected") {
      await transaction.rollbackUnlessCommitted();
      throw found.reason;
    }
    this.#fresh = found.value;
    return transaction;
  }

  /** @returns "fewer" when it must be made again with fewer requests, or none */
  async #attempt(begun: Promise<Transaction>): Promise<Draft | "fewer"> {
    let transaction: Transaction | undefined;
    try {
      transaction = await begun;
      return await this.#drafted(transaction);
    } catch (error) {
      await transaction?.rollbackUnlessCommitted();
      return this.#withFewer(error);
    }
  }

  async #drafted(transaction: Transaction): Promise<Draft> {
    const { chores, limits, epoch, atMs, logMs } = this.#input;
    const position = this.#store.applied.position + 1;
    const { effects: done, schema } = await applyChores(this.#store, chores);
    const applying = new Applying(this.#store, { position, limits, atMs, newSeed: this.#newSeed, schema });
    const keys = await applying.all(this.#writes, this.#fresh, this.#outcomes);
    const effects = [...done, ...applying.effects];
    if (effects.length === 0 && keys.length === 0) {
      await transaction.rollbackUnlessCommitted();
      return this.#nothingToAppend();
    }
    const record: BatchRecord = { kind: "batch", epoch, position, atMs, logMs, effects, keys };
    const content = encodeRecord(record);
    if (content.length > recordBytesMax && this.#fresh.length > 0) throw new RecordTooLargeError();
    await this.#store.recordKeys(keys, position, logMs);
    repeatTwins(this.#writes, this.#outcomes);
    return {
      record: { content, epoch },
      commit: async (place) => {
        const { offset, checksum } = mustStand(place);
        await transaction.commit({
          applied: advance(this.#store.applied, record, offset, checksum),
          schema,
        });
        return this.#outcomes;
      },
      rollbackUnlessCommitted: () => transaction.rollbackUnlessCommitted(),
    };
  }

  #nothingToAppend(): Draft {
    repeatTwins(this.#writes, this.#outcomes);
    return {
      record: undefined,
      commit: async () => this.#outcomes,
      rollbackUnlessCommitted: async () => undefined,
    };
  }

  /** Nothing was changed and no client was told anything. @throws what fewer requests cannot help */
  #withFewer(error: unknown): Draft | "fewer" {
    if (error instanceof SlowWriteError) {
      // SQLite undoes a whole transaction when it interrupts a statement: those before it are done again.
      this.#keepFirst(this.#fresh.indexOf(error.index));
      this.#outcomes[error.index] = "tooLong";
      return "fewer";
    }
    if (error instanceof UndoneWriteError) {
      this.#refuse(error.index, error.refusal);
      return "fewer";
    }
    if (error instanceof RecordTooLargeError) {
      const tried = this.#fresh.filter((i) => this.#outcomes[i] !== "left");
      const [only] = tried;
      if (tried.length === 1 && only !== undefined) {
        this.#keepFirst(this.#fresh.indexOf(only) + 1);
        this.#refuse(only, tooLarge);
      } else this.#keepFirst(Math.ceil(tried.length / 2));
      return "fewer";
    }
    if (!(error instanceof StorageFullError)) throw error;
    for (const i of this.#fresh) this.#outcomes[i] = storageFull;
    for (const { onRefused } of this.#input.chores) onRefused(new Refusal("storage_full", error.message));
    return this.#nothingToAppend();
  }

  #keepFirst(count: number): void {
    for (const i of this.#fresh.slice(count)) this.#outcomes[i] = "left";
    this.#fresh = this.#fresh.slice(0, count);
  }

  /** The refusal is kept under its key, by the next attempt. */
  #refuse(index: number, refusal: Refusal): void {
    const write = this.#writes[index];
    if (write !== undefined) this.#writes[index] = { ...write, refusal };
  }
}

/** @returns what of the chores was done, and the schema afterwards */
async function applyChores(
  store: Store,
  chores: readonly Chore[],
): Promise<{ readonly effects: readonly Effect[]; readonly schema: Schema }> {
  const effects: Effect[] = [];
  let { schema } = store;
  for (const { effect, unmet, onRefused } of chores) {
    const before = schema;
    if (unmet?.(before) !== undefined) continue;
    const after = await attempted(store.writer, () =>
      applyEffect(store.writer, store.compiled, before, effect),
    );
    if (after instanceof Refusal) onRefused(after);
    else {
      schema = after;
      effects.push(effect);
    }
  }
  return { effects, schema };
}

function mustStand(place: LogPlace | undefined): LogPlace {
  if (place === undefined) throw new Error("a draft was committed whose record does not stand in the log");
  return place;
}

// Requests that come again: under a key that was answered before, long after their time, or twice in one commit.

/** Fills in the results of writes that were applied before, or that come too late. @returns the indexes of the others, each key once */
async function withoutKnown(
  writer: Connection,
  writes: readonly PendingWrite[],
  outcomes: Outcome[],
): Promise<readonly number[]> {
  if (writes.length === 0) return [];
  const { known, isLate } = await lookUp(
    writer,
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

/** Two deliveries of one request can meet in one commit: the second gets the first one's answer. */
function repeatTwins(writes: readonly PendingWrite[], outcomes: Outcome[]): void {
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

const refused = (refusal: Refusal): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(refusal)),
  position: 0,
});

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
