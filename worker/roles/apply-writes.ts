// The inside of a group commit: applies each request of a batch to the open transaction, so that one bad request harms
// nobody else, and collects what the record must carry.
import { Refusal, refusalBody } from "../../protocol/errors.ts";
import type { Effect, KeyEntry } from "../../protocol/record.ts";
import type { Schema } from "../../protocol/schema.ts";
import type { WriteShape } from "../../protocol/statement.ts";
import { applyEffect, type Changes, writeRows } from "../replica/effects.ts";
import type { Store } from "../replica/store.ts";
import type { TableShape } from "../sql/write-sql.ts";
import { type Connection, InterruptedError } from "../sqlite.ts";
import type { Chore, PendingWrite, WriteResult } from "./commit-batch.ts";
import { poisoned } from "./deliveries.ts";
import { refusalOf } from "./refusals.ts";

/** A request ran longer than it may. The transaction is gone with it. */
export class SlowWriteError extends Error {
  override readonly name = "SlowWriteError";
  readonly key: string;

  constructor(key: string) {
    super("a write ran longer than it may");
    this.key = key;
  }
}

/** @returns what of the chores was done, and the schema afterwards */
export async function applyChores(
  store: Store,
  chores: readonly Chore[],
): Promise<{ readonly effects: readonly Effect[]; readonly schema: Schema }> {
  const effects: Effect[] = [];
  let { schema } = store;
  for (const { effect, onRefused } of chores) {
    const before = schema;
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

/** @returns the refusal, with the savepoint undone; @throws what is not the request's fault */
async function attempted<T>(writer: Connection, work: () => Promise<T>): Promise<T | Refusal> {
  await writer.exec("SAVEPOINT request");
  try {
    const result = await work();
    await writer.exec("RELEASE request");
    return result;
  } catch (error) {
    const refusal = error instanceof InterruptedError ? null : refusalOf(error);
    if (refusal === null) throw error;
    // Some errors make SQLite undo the whole transaction: then it cannot go on, for the reason that there was.
    await writer.exec("ROLLBACK TO request; RELEASE request").catch(() => Promise.reject(error));
    return refusal;
  }
}

export interface ApplyingOptions {
  readonly position: number;
  readonly writeMs: number;
  /** Keys of requests that were interrupted before: they are not tried again. */
  readonly slow: ReadonlySet<string>;
}

export class Applying {
  readonly effects: Effect[] = [];
  readonly #keys: KeyEntry[] = [];
  readonly #store: Store;
  readonly #options: ApplyingOptions;

  constructor(store: Store, options: ApplyingOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Applies the writes with these indexes and fills in their results. @returns the keys that the record must carry */
  async all(
    writes: readonly PendingWrite[],
    indexes: readonly number[],
    results: WriteResult[],
  ): Promise<readonly KeyEntry[]> {
    for (const run of runs(writes, indexes)) await this.#run(writes, run, results);
    return this.#keys;
  }

  async #run(
    writes: readonly PendingWrite[],
    indexes: readonly number[],
    results: WriteResult[],
  ): Promise<void> {
    const members = indexes.map((i) => writes[i]).filter((write) => write !== undefined);
    const together = members.length > 1 ? await this.#together(members) : null;
    for (const [n, write] of members.entries())
      results[indexes[n] ?? 0] = together?.[n] ?? (await this.#alone(write));
  }

  /** @returns null, with nothing changed, when one of them is refused: then each must find out for itself */
  async #together(members: readonly PendingWrite[]): Promise<readonly WriteResult[] | null> {
    const shape = members[0]?.shape;
    if (shape?.kind !== "insert") return null;
    const rows = members.flatMap(({ item }) => item.rows);
    const { writer, compiled } = this.#store;
    const changes = await attempted(writer, async () => {
      const effect = compiled.fitWrite(shape, rows);
      const made = await writeRows(writer, compiled, effect.shape, effect.rows);
      // An upsert may skip rows; who changed what is then known only one by one.
      if (made.rowsAffected !== rows.length) throw new Refusal("internal", "not every row was written");
      return { ...made, effect };
    });
    if (changes instanceof Refusal) return null;
    this.effects.push(changes.effect);
    return members.map((write, n) => {
      const id = changes.ids?.[n];
      return this.#succeeded(write, { rowsAffected: 1, ...(id === undefined ? {} : { ids: [id] }) });
    });
  }

  async #alone(write: PendingWrite): Promise<WriteResult> {
    const { item, shape } = write;
    if (shape.kind === "barrier") return this.#barrier(write);
    if (write.poisoned === true) return this.#refused(write, poisoned);
    if (this.#options.slow.has(item.key)) return this.#refused(write, tooSlow);
    const changes = await attempted(this.#store.writer, () => this.#limited(write)).catch((error) => {
      throw error instanceof InterruptedError ? new SlowWriteError(item.key) : error;
    });
    if (changes instanceof Refusal) return this.#refused(write, changes);
    this.effects.push(changes.effect);
    return this.#succeeded(write, changes);
  }

  #limited({ item, shape }: PendingWrite): Promise<Changes & { readonly effect: Effect }> {
    const { writer, compiled, schema } = this.#store;
    return writer.limited(this.#options.writeMs, async () => {
      if (shape.kind === "clear") {
        const effect = { shape, rows: [] };
        await applyEffect(writer, compiled, schema, effect);
        return { rowsAffected: 0, effect };
      }
      const effect = compiled.fitWrite(shape as TableShape, item.rows);
      return { ...(await writeRows(writer, compiled, effect.shape, effect.rows)), effect };
    });
  }

  /** It takes a place in the log only so that the read behind it has one to wait for: one is enough for all. */
  #barrier(write: PendingWrite): WriteResult {
    if (!this.effects.some((effect) => "shape" in effect && effect.shape.kind === "barrier"))
      this.effects.push({ shape: write.shape as WriteShape, rows: [] });
    return this.#succeeded(write, { rowsAffected: 0 });
  }

  #succeeded(write: PendingWrite, changes: Changes): WriteResult {
    const { position } = this.#options;
    const body = answerText(changes, position);
    // A barrier changes nothing, so it may as well happen again.
    if (write.shape.kind !== "barrier") this.#keep(write, true, body);
    return { ok: true, body, position };
  }

  /**
   * A refusal is kept like an answer of success: what a client was told is refused must not be done by a second delivery
   * that comes when it could be. Not kept is only what there is no room for.
   */
  #refused(write: PendingWrite, refusal: Refusal): WriteResult {
    const body = JSON.stringify(refusalBody(refusal));
    if (refusal.code === "storage_full") return { ok: false, body, position: 0 };
    this.#keep(write, false, body);
    return { ok: false, body, position: this.#options.position };
  }

  #keep({ item: { key, hash } }: PendingWrite, ok: boolean, answer: string): void {
    this.#keys.push(hash === undefined ? { key, ok, answer } : { key, hash, ok, answer });
  }
}

function answerText({ rowsAffected, ids }: Changes, position: number): string {
  const keys = ids === undefined ? "" : `"ids":[${ids.join(",")}],`;
  return `{"rowsAffected":${rowsAffected},${keys}"position":${position}}`;
}

const tooSlow = new Refusal("query_timeout", "the write ran longer than it may and was interrupted");

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
    const groupable =
      write.shape.kind === "insert" && write.item.rows.length === 1 && write.poisoned !== true;
    if (groupable && last !== undefined && sameShape(last, write.shape)) out.at(-1)?.push(i);
    else out.push([i]);
    last = groupable ? write.shape : undefined;
  }
  return out;
}

/** Shapes of one message are one object; those of different messages are compared by their text. */
const sameShape = (a: WriteShape, b: WriteShape): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
