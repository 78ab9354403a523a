// One group commit of the master: many requests, one transaction, one record in the log.
//
//   begin -> look up keys -> apply each request under a savepoint -> publish the record -> READ IT BACK -> commit
//
// Only after the read-back is it certain that the record stands in the log before any successor's marker; so an answer
// of success means: in the log, and nobody else was master. If anything fails before, the transaction is rolled back and
// whatever stands in the log is applied later like anybody's.
import { Refusal, refusalBody } from "../../protocol/errors.ts";
import type { WriteItem } from "../../protocol/queues.ts";
import { type BatchRecord, type Effect, encodeRecord, type KeyEntry } from "../../protocol/record.ts";
import type { WriteShape } from "../../protocol/statement.ts";
import { applyEffect, type Changes, writeRows } from "../replica/effects.ts";
import { advance } from "../replica/judge.ts";
import { findKeys } from "../replica/keys.ts";
import type { Store } from "../replica/store.ts";
import type { TableShape } from "../sql/write-sql.ts";
import { refusalOf } from "./refusals.ts";

/** One request on its way through a commit. */
export interface PendingWrite {
  readonly item: WriteItem;
  readonly shape: WriteShape;
}

export interface WriteResult {
  readonly ok: boolean;
  /** JSON text. */
  readonly body: string;
  readonly position: number;
}

/** Publishes a record and returns its offset once it was read back in its place. @throws when that is not certain */
export type Append = (content: Buffer) => Promise<{ readonly offset: number; readonly checksum: string }>;

export interface CommitInput {
  readonly writes: readonly PendingWrite[];
  /** Besides the clients' requests: a migration, expired keys. */
  readonly chores: readonly Effect[];
  readonly epoch: number;
  readonly atMs: number;
}

/** @returns a result for each write, in order; the writes' data is durable when this returns */
export async function commitBatch(
  store: Store,
  { writes, chores, epoch, atMs }: CommitInput,
  append: Append,
): Promise<readonly WriteResult[]> {
  const position = store.applied.position + 1;
  const results: WriteResult[] = new Array(writes.length);
  const fresh = await withoutKnown(store, writes, results);
  const applying = new Applying(store, position);
  await store.transaction(async () => {
    let schema = store.schema;
    for (const chore of chores) schema = await applyEffect(store.writer, store.compiled, schema, chore);
    for (const run of runs(writes, fresh)) await applying.run(writes, run, results);
    const effects = [...chores, ...applying.effects];
    const keys = fresh.flatMap((i) => keyEntry(writes[i], results[i]));
    if (effects.length === 0 && keys.length === 0) return { applied: store.applied, schema };
    const record: BatchRecord = { kind: "batch", epoch, position, atMs, effects, keys };
    await store.recordKeys(keys, position, atMs);
    const { offset, checksum } = await append(encodeRecord(record));
    return { applied: advance(store.applied, record, offset, checksum), schema };
  });
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

const refused = (refusal: Refusal): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(refusal)),
  position: 0,
});

const keyReused = refused(
  new Refusal("key_reused", "this Idempotency-Key was used for another request", "Idempotency-Key"),
);

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

/**
 * An applied write is kept under its key. A refused one had no effect, so it is kept only for a client's own key, whose
 * repeat must get the same answer; and not when the trouble was ours or may pass.
 */
function keyEntry(write: PendingWrite | undefined, result: WriteResult | undefined): readonly KeyEntry[] {
  if (write === undefined || result === undefined) return [];
  const { key, hash } = write.item;
  if (write.shape.kind === "barrier") return [];
  if (!result.ok && (hash === undefined || result.body.includes('"storage_full"'))) return [];
  return [{ key, ok: result.ok, answer: result.body, ...(hash === undefined ? {} : { hash }) }];
}

/** Consecutive inserts of one shape, each of one row, run as one statement; anything else runs alone. */
export function runs(
  writes: readonly PendingWrite[],
  indexes: readonly number[],
): readonly (readonly number[])[] {
  const out: number[][] = [];
  let last: WriteShape | undefined;
  for (const i of indexes) {
    const write = writes[i];
    if (write === undefined) continue;
    const groupable = write.shape.kind === "insert" && write.item.rows.length === 1;
    if (groupable && last !== undefined && sameShape(last, write.shape)) out.at(-1)?.push(i);
    else out.push([i]);
    last = groupable ? write.shape : undefined;
  }
  return out;
}

/** Shapes of one message are one object; those of different messages are compared by their text. */
const sameShape = (a: WriteShape, b: WriteShape): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);

class Applying {
  readonly effects: Effect[] = [];
  readonly #store: Store;
  readonly #position: number;

  constructor(store: Store, position: number) {
    this.#store = store;
    this.#position = position;
  }

  async run(
    writes: readonly PendingWrite[],
    indexes: readonly number[],
    results: WriteResult[],
  ): Promise<void> {
    const members = indexes.map((i) => writes[i]).filter((write) => write !== undefined);
    if (members.length > 1 && (await this.#together(members, indexes, results))) return;
    for (const [n, write] of members.entries()) results[indexes[n] ?? 0] = await this.#alone(write);
  }

  /** @returns false, with nothing changed, when one of them is refused: then each must find out for itself */
  async #together(
    members: readonly PendingWrite[],
    indexes: readonly number[],
    results: WriteResult[],
  ): Promise<boolean> {
    const shape = members[0]?.shape;
    if (shape?.kind !== "insert") return false;
    const rows = members.flatMap(({ item }) => item.rows);
    const changes = await this.#attempt(async () => {
      const made = await writeRows(this.#store.writer, this.#store.compiled, shape, rows);
      // An upsert may skip rows; who changed what is then known only one by one.
      if (made.rowsAffected !== rows.length) throw new Refusal("internal", "not every row was written");
      return made;
    });
    if (changes instanceof Refusal) return false;
    this.effects.push({ shape, rows });
    for (const [n, i] of indexes.entries()) {
      const id = changes.ids?.[n];
      results[i] = this.#succeeded({ rowsAffected: 1, ...(id === undefined ? {} : { ids: [id] }) });
    }
    return true;
  }

  async #alone({ item, shape }: PendingWrite): Promise<WriteResult> {
    if (shape.kind === "barrier") {
      // It takes a place in the log only so that the read behind it has one to wait for.
      if (!this.effects.some((effect) => "shape" in effect && effect.shape.kind === "barrier"))
        this.effects.push({ shape, rows: [] });
      return this.#succeeded({ rowsAffected: 0 });
    }
    const { writer, compiled, schema } = this.#store;
    const changes = await this.#attempt(async () => {
      if (shape.kind !== "clear") return writeRows(writer, compiled, shape as TableShape, item.rows);
      await applyEffect(writer, compiled, schema, { shape, rows: [] });
      return { rowsAffected: 0 };
    });
    if (changes instanceof Refusal) return refused(changes);
    this.effects.push({ shape, rows: item.rows });
    return this.#succeeded(changes);
  }

  /** @returns the refusal, with the savepoint undone; @throws what is not the request's fault */
  async #attempt(work: () => Promise<Changes>): Promise<Changes | Refusal> {
    const { writer } = this.#store;
    await writer.exec("SAVEPOINT request");
    try {
      const changes = await work();
      await writer.exec("RELEASE request");
      return changes;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      await writer.exec("ROLLBACK TO request; RELEASE request");
      return refusal;
    }
  }

  #succeeded(changes: Changes): WriteResult {
    const body = JSON.stringify({ ...changes, position: this.#position });
    return { ok: true, body, position: this.#position };
  }
}
