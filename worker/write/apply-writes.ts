// The inside of a group commit: applies each request of a batch to the open transaction, so that one bad request harms
// no other, and collects what the record must carry.
import { Refusal, refusalBody } from "../../core/errors.ts";
import { bytesOfRows, bytesOfShape, type Effect, type KeyEntry, keyBytes } from "../../core/log/record.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import { every } from "../../platform/process/clock.ts";
import {
  attempted,
  attemptedStatement,
  carryOutRows,
  isApart,
  type Made,
  rowsAnswer,
  type ShapedEffect,
  writeRows,
} from "../copy/effects.ts";
import type { Store } from "../copy/store.ts";
import type { CompiledShapes } from "../sql/compiled.ts";
import { LostTransactionError } from "../sql/run-sql.ts";
import type { TableShape } from "../sql/shape-sql.ts";
import type { CommitLimits, Outcome, PendingWrite, WriteResult } from "./draft.ts";
import { isListed } from "./listed-parts.ts";
import { carryOutFirst, listOf, type Watched } from "./listed-writes.ts";
import { carryOutSql, type Setting } from "./sql-writes.ts";
import { isTrial, toldOfTrial } from "./transactions.ts";
import { storageFull, undoing } from "./undone-writes.ts";

type Barrier = Extract<WriteShape, { readonly kind: "barrier" }>;
type ChangingShape = Exclude<WriteShape, Barrier>;

export interface ApplyingOptions extends Setting {
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
    if (members[0] !== undefined && isListedWrite(members[0]))
      return this.#inLists(members, indexes, outcomes);
    const together = members.length > 1 ? await this.#together(members) : null;
    for (const [n, write] of members.entries()) {
      const i = indexes[n] ?? 0;
      outcomes[i] =
        together?.[n] ??
        (this.#isEnough ? "left" : await this.#answerable(write, i, () => this.#alone(write)));
    }
  }

  /** Whatever this program does wrong with a request is the request's: else it would take down one master after another. */
  async #answerable(
    write: PendingWrite,
    index: number,
    carryOut: () => WriteResult | Promise<WriteResult>,
  ): Promise<WriteResult> {
    try {
      return await carryOut();
    } catch (error) {
      throw undoing(error, index, write.item.key);
    }
  }

  /** SQL, in as few calls as may be: each statement is kept, or undone, by itself. */
  async #inLists(
    members: readonly PendingWrite[],
    indexes: readonly number[],
    outcomes: Outcome[],
  ): Promise<void> {
    const watched: Watched = (write, othersMs, work) => this.#watched(write, othersMs, work);
    let [first, ...others] = listOf(members, indexes, this.#options);
    while (first !== undefined && !this.#isEnough) {
      const list = [first, ...others] as const;
      const results = await carryOutFirst(this.#store, list, watched);
      for (const [n, result] of results.entries()) {
        const { write, index } = list[n] ?? first;
        outcomes[index] = await this.#answerable(write, index, () => this.#settled(write, result()));
      }
      [first, ...others] = list.slice(results.length);
    }
    for (const { index } of first === undefined ? [] : [first, ...others]) outcomes[index] = "left";
  }

  /** @returns null, with nothing changed, when one of them is refused: then each must find out for itself */
  async #together(members: readonly PendingWrite[]): Promise<readonly WriteResult[] | null> {
    const shape = members[0]?.shape;
    if (shape?.kind !== "insert" || (await this.#store.guarded())) return null;
    const rows = members.flatMap(({ item }) => item.rows);
    const { writer, compiled } = this.#store;
    const effect = this.#fitting(shape, rows);
    if (effect === null) return null;
    const isUpsert = shape.onConflict !== undefined;
    const changes = await (isUpsert ? attempted : attemptedStatement)(writer, async () => {
      const made = await writeRows(writer, compiled, effect.shape, effect.rows);
      // An upsert may skip rows; who changed what is then known only one by one.
      if (isUpsert && made.rowsAffected !== rows.length)
        throw new Refusal("internal", "not every row was written");
      return made;
    }).catch((error: unknown) => {
      throw error instanceof LostTransactionError ? error.cause : error;
    });
    if (changes instanceof Refusal) return null;
    this.#changed(effect);
    return members.map((write, n) => {
      const id = changes.ids?.[n];
      return this.#succeeded(
        write,
        rowsAnswer({ rowsAffected: 1, ...(id === undefined ? {} : { ids: [id] }) }),
      );
    });
  }

  /** @returns null when a row, or this program, does not fit */
  #fitting(
    shape: TableShape,
    rows: PendingWrite["item"]["rows"],
  ): ReturnType<CompiledShapes["fitWrite"]> | null {
    try {
      return this.#store.compiled.fitWrite(shape, rows);
    } catch {
      return null;
    }
  }

  async #alone(write: PendingWrite): Promise<WriteResult> {
    const { shape, refusal } = write;
    if (shape.kind === "barrier") return this.#barrier(write, shape);
    if (refusal !== undefined) return this.#refused(write, refusal);
    if (isTrial(shape)) return this.#tried(write, shape);
    const attempt = (await this.#isStatement(shape)) ? attemptedStatement : attempted;
    return this.#settled(write, await attempt(this.#store.writer, () => this.#limited(write, shape)));
  }

  async #isStatement({ kind }: ChangingShape): Promise<boolean> {
    const isOfRows = kind === "insert" || kind === "update" || kind === "delete";
    return isOfRows && !isApart(this.#options) && !(await this.#store.guarded());
  }

  #settled(write: PendingWrite, changes: Made | Refusal): WriteResult {
    if (changes instanceof Refusal) return this.#refused(write, changes);
    for (const effect of changes.effects) this.#changed(effect);
    return this.#succeeded(write, changes.answer);
  }

  /** It leaves nothing behind, not even its key. What it tells is of no place in the log yet. */
  async #tried(write: PendingWrite, shape: ChangingShape): Promise<WriteResult> {
    const { writer, applied } = this.#store;
    await writer.exec("SAVEPOINT trial");
    const made = await attempted(writer, () => this.#limited(write, shape));
    await writer.exec("ROLLBACK TO trial; RELEASE trial");
    this.#bytes += keyBytes;
    return toldOfTrial(made, applied.position);
  }

  #limited(write: PendingWrite, shape: ChangingShape): Promise<Made> {
    const { rows } = write.item;
    return this.#watched(write, 0, async () => {
      const made =
        shape.kind === "sql" || shape.kind === "batch"
          ? await carryOutSql(this.#store, shape, rows, this.#options)
          : await carryOutRows(this.#store, shape, rows, this.#options);
      if (made.unresolved === true)
        throw new Refusal("constraint_violation", "FOREIGN KEY constraint failed");
      return made;
    });
  }

  /**
   * Interrupts the request when it may not go on: again and again, for an interruption before its statement runs is lost.
   * @param othersMs what others of its call may have taken before it
   */
  async #watched<T>(write: PendingWrite, othersMs: number, work: () => Promise<T>): Promise<T> {
    const { writer, clock } = this.#store;
    const startedAtMs = clock.monotonicMs() + othersMs;
    const stopLooking = every(clock, lookEveryMs, () => {
      if (!this.#options.limits.mayGoOn(write, clock.monotonicMs() - startedAtMs)) writer.interrupt();
    });
    try {
      return await work();
    } finally {
      stopLooking();
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
    return this.#succeeded(write, rowsAnswer({ rowsAffected: 0 }));
  }

  #succeeded(write: PendingWrite, answer: string): WriteResult {
    const { position } = this.#options;
    const body = `{${answer},"position":${position}}`;
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
    if (!isTrial(write.shape)) this.#keep(write, false, body);
    return { ok: false, body, position: this.#options.position };
  }

  #keep({ item: { key, hash }, message }: PendingWrite, ok: boolean, answer: string): void {
    this.#keys.push(hash === undefined ? { key, ok, answer } : { key, hash, message, ok, answer });
    this.#bytes += keyBytes + answer.length;
  }
}

const isListedWrite = ({ shape, refusal }: PendingWrite): boolean =>
  shape.kind === "sql" && refusal === undefined && isListed(shape);

/**
 * Consecutive inserts of one shape, each of one row, run as one statement, consecutive statements of SQL in one call; anything else
 * runs alone.
 */
export function runs(
  writes: readonly PendingWrite[],
  indexes: readonly number[],
): readonly (readonly number[])[] {
  const out: number[][] = [];
  let last: PendingWrite | undefined;
  for (const i of indexes) {
    const write = writes[i];
    if (write === undefined) continue;
    if (last !== undefined && goTogether(last, write)) out.at(-1)?.push(i);
    else out.push([i]);
    last = write;
  }
  return out;
}

const goTogether = (a: PendingWrite, b: PendingWrite): boolean =>
  isListedWrite(a) ? isListedWrite(b) : isLoneInsert(a) && isLoneInsert(b) && sameShape(a.shape, b.shape);

const isLoneInsert = ({ shape, item, refusal }: PendingWrite): boolean =>
  shape.kind === "insert" && item.rows.length === 1 && refusal === undefined;

/** Shapes of one message are one object; those of different messages are compared by their text. */
const sameShape = (a: WriteShape, b: WriteShape): boolean =>
  a === b || JSON.stringify(a) === JSON.stringify(b);
