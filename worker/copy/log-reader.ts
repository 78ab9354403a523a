// Reads the log from where a copy stands, in order, and makes sure at the start that it is the log the copy knows: a
// stream silently clamps an offset that it no longer has, so the record last applied is read again and compared.

import { type Applied, judge } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { bounded, Wakeable } from "../../platform/process/waiting.ts";
import type { BrokerConnection, Consumer, Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Feed, LogEntry } from "../ports.ts";
import { Arrivals, arrivalLimits } from "./arrivals.ts";

/** Records that the broker may send ahead: enough to keep a replay busy; few as soon as they turn out to be large. */
const prefetch = { usual: 100, ofLarge: 2 } as const;
/** So many small records in a row, and the broker may send many ahead again. */
const smallInARow = 200;
const smallBytes = 16 * 1024;
const firstRecordWithinMs = 5_000;
/** From a log that others read already. */
export const againWithinMs = 1_000;
/** Only silence shows that the log is empty: a broker that has just started counts none of its records, for a while. */
const emptyWithinMs = 500;
const waitMs = 1_000;

/** The log does not go on where this copy stands: something between the two is gone. */
export class GapError extends Error {
  override readonly name = "GapError";
}

/** What this copy has applied is trimmed from the log: nothing tells whether it is the log that it knows. */
export class TrimmedError extends GapError {}

/** The log is shorter than this copy, or another one: its records are gone, not merely trimmed. */
export class LogLostError extends Error {
  override readonly name = "LogLostError";
}

/** Where a log is read from. */
export interface LogSource {
  readonly rabbit: Pick<BrokerConnection, "consume">;
  readonly time: Clock;
  readonly log: Log;
}

export class LogReader implements Feed {
  readonly #arrivals: Arrivals;
  readonly #wakeable: Wakeable;
  readonly #rabbit: LogSource["rabbit"];
  #consumer: Promise<Consumer> | undefined;
  #prefetch: number = prefetch.usual;
  #onArrival: (() => void) | undefined;
  #failure: unknown;
  #hasRead = false;
  #isClosed = false;
  #small = 0;
  #readAhead: NodeJS.Immediate | undefined;

  private constructor({ rabbit, log, time }: LogSource, firstOffset: number | undefined) {
    this.#rabbit = rabbit;
    this.#arrivals = new Arrivals(log, firstOffset);
    this.#wakeable = new Wakeable(time);
  }

  /**
   * @throws GapError when records between the copy and the log's start are missing
   * @throws LogLostError when the log does not hold what the copy has applied
   */
  static async open(
    source: LogSource,
    applied: Applied,
    signal: AbortSignal,
    recordWithinMs = firstRecordWithinMs,
  ): Promise<LogReader> {
    const reader = new LogReader(source, Math.max(0, applied.offset));
    await reader.#consume(applied.offset >= 0 ? applied.offset : "first");
    try {
      const withinMs = applied.offset >= 0 ? recordWithinMs : emptyWithinMs;
      await bounded(source.time, withinMs, [signal], (waited) => reader.#awaitFirst(waited));
      signal.throwIfAborted();
      reader.#compareFirst(applied);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** Reads only what is appended from now on: for a copy from which the log goes on, whatever stands in it. */
  static async openAtEnd(source: LogSource): Promise<LogReader> {
    const reader = new LogReader(source, undefined);
    await reader.#consume("next");
    return reader;
  }

  /** Any record has arrived: the log is not empty. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** Called at every arrival; the receiver then takes. */
  onArrival(wake: () => void): void {
    this.#onArrival = wake;
  }

  /** What has arrived, without waiting; what is beyond `most` (or a transaction's worth of bytes) stays for the next call. */
  take(most: number = arrivalLimits.takenMax): readonly LogEntry[] {
    if (this.#failure !== undefined) throw this.#failure;
    const taken = this.#arrivals.take(most);
    if (!this.#arrivals.isEmpty) this.#readAheadSoon();
    return taken;
  }

  /** Waits for at least one entry; empty only when the signal fired. */
  async next(signal: AbortSignal, most: number = arrivalLimits.takenMax): Promise<readonly LogEntry[]> {
    while (this.#arrivals.isEmpty && this.#failure === undefined && !signal.aborted)
      await this.#wakeable.wait(waitMs, signal);
    return signal.aborted ? [] : this.take(most);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearImmediate(this.#readAhead);
    const consumer = await this.#consumer?.catch(() => undefined);
    this.#consumer = undefined;
    await consumer?.close();
  }

  async #consume(streamOffset: number | "first" | "next"): Promise<void> {
    const options = { prefetch: this.#prefetch, streamOffset };
    const consumer: Promise<Consumer> = this.#rabbit.consume(queues.sync, options, (delivery) => {
      // What was on its way to a consumer that was left comes again to the one after it.
      if (this.#consumer === consumer) this.#arrive(delivery);
    });
    this.#consumer = consumer;
    await consumer;
  }

  #arrive(delivery: Delivery): void {
    this.#hasRead = true;
    this.#arrivals.add(delivery);
    this.#wakeable.wake();
    this.#onArrival?.();
    this.#small = delivery.content.length < smallBytes ? this.#small + 1 : 0;
    if (this.#prefetch === prefetch.usual && this.#arrivals.isOverfull) this.#askFor(prefetch.ofLarge);
    else if (this.#prefetch === prefetch.ofLarge && this.#small >= smallInARow) this.#askFor(prefetch.usual);
  }

  /** The broker may send ahead a number of records, and of large ones that would be too much. */
  #askFor(records: number): void {
    this.#prefetch = records;
    const before = this.#consumer;
    const from = this.#arrivals.nextOffset ?? "first";
    this.#consumer = undefined;
    const reopened = async () => {
      await (await before)?.close();
      if (!this.#isClosed) await this.#consume(from);
    };
    reopened().catch((error) => {
      this.#failure = error;
      this.#wakeable.wake();
      this.#onArrival?.();
    });
  }

  /** Once the file is at work with what was taken. */
  #readAheadSoon(): void {
    clearImmediate(this.#readAhead);
    this.#readAhead = setImmediate(() => this.#arrivals.readAhead());
  }

  async #awaitFirst(waited: AbortSignal): Promise<void> {
    while (this.#arrivals.isEmpty && !waited.aborted) await this.#wakeable.wait(waitMs, waited);
  }

  #compareFirst(applied: Applied): void {
    const { first } = this.#arrivals;
    if (applied.offset < 0) {
      // Nothing yet: the log is empty, or slow, and then a gap shows when its records come.
      if (first === undefined) return;
      if (first.offset > 0) throw new TrimmedError(`the log starts at offset ${first.offset}`);
      if (goesOnElsewhere(applied, first))
        throw new GapError(`the log was made anew, beyond position ${applied.position} of this copy`);
      return;
    }
    if (first === undefined)
      throw new LogLostError(`the log ends before offset ${applied.offset}, where this copy stands`);
    if (first.offset < applied.offset)
      throw new LogLostError(`the log is at ${first.offset} only, this copy stands at ${applied.offset}`);
    if (first.offset > applied.offset)
      throw new TrimmedError(
        `the log starts at offset ${first.offset}, this copy stands at ${applied.offset}`,
      );
    if (first.checksum !== applied.checksum)
      throw new LogLostError(
        `the log holds another record at offset ${applied.offset} than this copy applied`,
      );
    if (!isWhereItStands(applied, first))
      throw new GapError(`this copy is not at position ${applied.position}, where it says that it stands`);
  }
}

interface First {
  readonly entry: LogEntry | null;
}

/** The record last applied is the place; a copy that names another has lost or gained something on its own. */
function isWhereItStands({ epoch, position }: Applied, { entry }: First): boolean {
  const record = entry?.record;
  return record?.epoch === epoch && (record.kind === "marker" || record.position === position);
}

/** Its first record, if it can be read at all, is a marker. */
const goesOnElsewhere = (applied: Applied, { entry }: First): boolean =>
  entry !== null && judge(applied, entry.record) === "gap";
