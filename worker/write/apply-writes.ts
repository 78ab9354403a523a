// The inside of a group commit: applies each request of a batch to the open transaction, so that one bad request harms
// no other, and collects what the record must carry.
import { assertNever, Refusal, refusalBody, TransientError } from "../../core/errors.ts";
import { bytesOfRows, bytesOfShape, type Effect, type KeyEntry, keyBytes } from "../../core/log/record.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import { every } from "../../platform/process/clock.ts";
import { applyEffect, type Changes, writeRows } from "../copy/effects.ts";
import type { Store } from "../copy/store.ts";
import type { Connection } from "../disk.ts";
import type { TableShape } from "../sql/shape-sql.ts";
import { DamagedFileError, InterruptedError, refusalOf, StorageFullError } from "../sqlite-errors.ts";
import type { CommitLimits, Outcome, PendingWrite, WriteResult } from "./draft.ts";

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

/** A request met a fault of this program. The transaction is gone with it. */
export class FaultyWriteError extends Error {
  override readonly name = "FaultyWriteError";
  readonly key: string;

  constructor(key: string, cause: unknown) {
    super("a write could not be carried out", { cause });
    this.key = key;
  }
}

/** @returns the refusal, with the savepoint undone; @throws what is not the request's fault */
export async function attempted<T>(writer: Connection, work: () => Promise<T>): Promise<T | Refusal> {
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

type ShapedEffect = Extract<Effect, { readonly shape: WriteShape }>;
type Barrier = Extract<WriteShape, { readonly kind: "barrier" }>;
type ChangingShape = TableShape | Extract<WriteShape, { readonly kind: "clear" }>;

/** What a request changed, and how the record says it. */
interface Made extends Changes {
  readonly effect: ShapedEffect;
}

export interface ApplyingOptions {
  readonly position: number;
  readonly limits: CommitLimits;
}

/** Enough of a record: no further request is begun behind so much. */
const recordBytesEnough = 4 * 1024 * 1024;
const lookEveryMs = 10;

export class Applying {
  readonly effects: Effect[] = [];
  readonly #keys: KeyEntry[] = [];
  readonly #store: Store;
  readonly #options: ApplyingOptions;
  readonly #startedAtMs: number;
  /** About how much the record will hold. */
  #bytes = 0;

  constructor(store: Store, options: ApplyingOptions) {
    this.#store = store;
    this.#options = options;
    this.#startedAtMs = store.clock.monotonicMs();
  }

  /** Applies the writes with these indexes and fills in their outcomes. @returns the keys that the record must carry */
  async all(
    writes: readonly PendingWrite[],
    indexes: readonly number[],
    outcomes: Outcome[],
  ): Promise<readonly KeyEntry[]> {
    for (const run of runs(writes, indexes))
      if (this.#isEnough) for (const i of run) outcomes[i] = "left";
      else await this.#run(writes, run, outcomes);
    return this.#keys;
  }

  get #isEnough(): boolean {
    if (this.#bytes === 0) return false;
    if (this.#bytes > recordBytesEnough) return true;
    return this.#store.clock.monotonicMs() - this.#startedAtMs > this.#options.limits.budgetMs;
  }

  async #run(
    writes: readonly PendingWrite[],
    indexes: readonly number[],
    outcomes: Outcome[],
  ): Promise<void> {
    const members = indexes.map((i) => writes[i]).filter((write) => write !== undefined);
    const together = members.length > 1 ? await this.#together(members) : null;
    for (const [n, write] of members.entries()) {
      const i = indexes[n] ?? 0;
      outcomes[i] = together?.[n] ?? (this.#isEnough ? "left" : await this.#answerable(write, i));
    }
  }

  /** Whatever this program does wrong with a request is the request's: else it would take down one master after another. */
  async #answerable(write: PendingWrite, index: number): Promise<WriteResult> {
    try {
      return await this.#alone(write);
    } catch (error) {
      if (error instanceof InterruptedError) throw new SlowWriteError(index);
      throw isFaultOfOurs(error) ? new FaultyWriteError(write.item.key, error) : error;
    }
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
    }).catch(async (error) => {
      if (!isFaultOfOurs(error)) throw error;
      await writer.exec("ROLLBACK TO request; RELEASE request");
      return null;
    });
    if (changes === null || changes instanceof Refusal) return null;
    this.#changed(changes.effect);
    return members.map((write, n) => {
      const id = changes.ids?.[n];
      return this.#succeeded(write, { rowsAffected: 1, ...(id === undefined ? {} : { ids: [id] }) });
    });
  }

  async #alone(write: PendingWrite): Promise<WriteResult> {
    const { shape, refusal } = write;
    if (shape.kind === "barrier") return this.#barrier(write, shape);
    if (refusal !== undefined) return this.#refused(write, refusal);
    const changes = await attempted(this.#store.writer, () => this.#limited(write, shape));
    if (changes instanceof Refusal) return this.#refused(write, changes);
    this.#changed(changes.effect);
    return this.#succeeded(write, changes);
  }

  /** Interrupts the request when it may not go on: again and again, for an interruption before its statement runs is lost. */
  async #limited(write: PendingWrite, shape: ChangingShape): Promise<Made> {
    const { writer, clock } = this.#store;
    const startedAtMs = clock.monotonicMs();
    const stopLooking = every(clock, lookEveryMs, () => {
      if (!this.#options.limits.mayGoOn(write, clock.monotonicMs() - startedAtMs)) writer.interrupt();
    });
    try {
      return await this.#changedBy(shape, write.item.rows);
    } finally {
      stopLooking();
    }
  }

  async #changedBy(shape: ChangingShape, rows: PendingWrite["item"]["rows"]): Promise<Made> {
    const { writer, compiled, schema } = this.#store;
    switch (shape.kind) {
      case "clear": {
        const effect = { shape, rows: [] };
        await applyEffect(writer, compiled, schema, effect);
        return { rowsAffected: 0, effect };
      }
      case "insert":
      case "update":
      case "delete": {
        const effect = compiled.fitWrite(shape, rows);
        return { ...(await writeRows(writer, compiled, effect.shape, effect.rows)), effect };
      }
      default:
        return assertNever(shape);
    }
  }

  #changed(effect: ShapedEffect): void {
    this.effects.push(effect);
    this.#bytes += bytesOfShape(effect.shape) + bytesOfRows(effect.rows);
  }

  /** It takes a place in the log only so that the read behind it has one to wait for: one is enough for all. */
  #barrier(write: PendingWrite, shape: Barrier): WriteResult {
    if (!this.effects.some((effect) => "shape" in effect && effect.shape.kind === "barrier"))
      this.effects.push({ shape, rows: [] });
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
   * that comes when it could be. Not kept is only what there is no room for, and that is no refusal for good.
   */
  #refused(write: PendingWrite, refusal: Refusal): WriteResult {
    if (refusal.code === "storage_full") return storageFull;
    const body = JSON.stringify(refusalBody(refusal));
    this.#keep(write, false, body);
    return { ok: false, body, position: this.#options.position };
  }

  #keep({ item: { key, hash }, message }: PendingWrite, ok: boolean, answer: string): void {
    this.#keys.push(hash === undefined ? { key, ok, answer } : { key, hash, message, ok, answer });
    this.#bytes += keyBytes + answer.length;
  }
}

function answerText({ rowsAffected, ids }: Changes, position: number): string {
  const keys = ids === undefined ? "" : `"ids":[${ids.join(",")}],`;
  return `{"rowsAffected":${rowsAffected},${keys}"position":${position}}`;
}

/** Neither SQLite's, nor the broker's: no other request has a part in it. */
const isFaultOfOurs = (error: unknown): boolean =>
  error instanceof Error &&
  !("errno" in error) &&
  !(
    error instanceof TransientError ||
    error instanceof DamagedFileError ||
    error instanceof StorageFullError
  );

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
      write.shape.kind === "insert" && write.item.rows.length === 1 && write.refusal === undefined;
    if (groupable && last !== undefined && sameShape(last, write.shape)) out.at(-1)?.push(i);
    else out.push([i]);
    last = groupable ? write.shape : undefined;
  }
  return out;
}

/** Shapes of one message are one object; those of different messages are compared by their text. */
const sameShape = (a: WriteShape, b: WriteShape): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
