// Reads the log from where a copy stands, in order, and makes sure at the start that it is the log the copy knows: a
// stream silently clamps an offset that it no longer has, so the record last applied is read again and compared.

import { messageOf } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import { queues } from "../../protocol/queues.ts";
import type { Consumer, Delivery, Rabbit } from "../../protocol/rabbit.ts";
import { checksumOf, decodeRecord } from "../../protocol/record.ts";
import { Wakeable } from "../../protocol/waiting.ts";
import { bounded } from "../deadline.ts";
import type { Time } from "../ports.ts";
import { type Applied, judge } from "./judge.ts";
import type { LogEntry } from "./store.ts";

/** What the broker may send ahead: enough to keep a replay busy, little enough to bound the memory. */
const prefetch = 100;
const takenMax = 200;
const firstRecordWithinMs = 5_000;
/** Only silence shows that the log is empty: a broker that has just started counts none of its records, for a while. */
const emptyWithinMs = 500;
const waitMs = 1_000;

/** The log does not go on where this copy stands: something between the two is gone. */
export class GapError extends Error {
  override readonly name = "GapError";
}

/** The log is shorter than this copy, or another one: its records are gone, not merely trimmed. */
export class LogLostError extends Error {
  override readonly name = "LogLostError";
}

/** Where a log is read from. */
export interface LogSource {
  readonly rabbit: Pick<Rabbit, "consume">;
  readonly time: Time;
  readonly log: Log;
}

/** Read when it arrives, not when it is taken: the file is busy with what came before, and this process is not. */
interface Arrival {
  readonly offset: number;
  readonly checksum: string;
  readonly ack: () => void;
  /** Null when the record cannot be read. */
  readonly entry: LogEntry | null;
}

export class LogReader {
  readonly #arrived: Arrival[] = [];
  readonly #wakeable: Wakeable;
  #consumer: Consumer | undefined;
  #onArrival: (() => void) | undefined;
  #nextOffset: number;
  #unbroken = true;
  readonly #log: Log;

  private constructor({ log, time }: LogSource, firstOffset: number) {
    this.#log = log;
    this.#nextOffset = firstOffset;
    this.#wakeable = new Wakeable(time);
  }

  /**
   * @throws GapError when records between the copy and the log's start are missing
   * @throws LogLostError when the log does not hold what the copy has applied
   */
  static async open(source: LogSource, applied: Applied, signal: AbortSignal): Promise<LogReader> {
    const { rabbit, time } = source;
    const reader = new LogReader(source, Math.max(0, applied.offset));
    reader.#consumer = await rabbit.consume(
      queues.sync,
      { prefetch, streamOffset: applied.offset >= 0 ? applied.offset : "first" },
      (delivery) => reader.#arrive(delivery),
    );
    try {
      const withinMs = applied.offset >= 0 ? firstRecordWithinMs : emptyWithinMs;
      await bounded(time, withinMs, [signal], (waited) => reader.#awaitFirst(waited));
      signal.throwIfAborted();
      reader.#compareFirst(applied);
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** Called at every arrival; the receiver then takes. */
  onArrival(wake: () => void): void {
    this.#onArrival = wake;
  }

  /** What has arrived, without waiting; what is beyond `most` stays for the next call. */
  take(most = takenMax): readonly LogEntry[] {
    return this.#arrived.splice(0, most).flatMap(({ entry, ack }) => {
      ack();
      return entry ?? [];
    });
  }

  /** A record that cannot be read is passed over: if it was one of a master's, the next one shows the gap. */
  #entry({ content, streamOffset: offset, traceparent }: Delivery, checksum: string): LogEntry | null {
    if (offset !== this.#nextOffset) this.#unbroken = false;
    this.#nextOffset = offset + 1;
    try {
      return { record: decodeRecord(content), offset, checksum, unbroken: this.#unbroken, traceparent };
    } catch (error) {
      this.#unbroken = false;
      this.#log.error({ offset, reason: messageOf(error) }, "unreadable record in the log");
      return null;
    }
  }

  /** Waits for at least one entry; empty only when the signal fired. */
  async next(signal: AbortSignal, most = takenMax): Promise<readonly LogEntry[]> {
    while (this.#arrived.length === 0 && !signal.aborted) await this.#wakeable.wait(waitMs, signal);
    return signal.aborted ? [] : this.take(most);
  }

  async close(): Promise<void> {
    await this.#consumer?.close();
  }

  #arrive(delivery: Delivery): void {
    const checksum = checksumOf(delivery.content);
    const entry = this.#entry(delivery, checksum);
    this.#arrived.push({ offset: delivery.streamOffset, checksum, ack: delivery.ack, entry });
    this.#wakeable.wake();
    this.#onArrival?.();
  }

  async #awaitFirst(waited: AbortSignal): Promise<void> {
    while (this.#arrived.length === 0 && !waited.aborted) await this.#wakeable.wait(waitMs, waited);
  }

  #compareFirst(applied: Applied): void {
    const first = this.#arrived[0];
    if (applied.offset < 0) {
      // Nothing yet: the log is empty, or slow, and then a gap shows when its records come.
      if (first === undefined) return;
      if (first.offset > 0) throw new GapError(`the log starts at offset ${first.offset}`);
      if (goesOnElsewhere(applied, first))
        throw new GapError(`the log was made anew, beyond position ${applied.position} of this copy`);
      return;
    }
    if (first === undefined)
      throw new LogLostError(`the log ends before offset ${applied.offset}, where this copy stands`);
    if (first.offset < applied.offset)
      throw new LogLostError(`the log is at ${first.offset} only, this copy stands at ${applied.offset}`);
    if (first.offset > applied.offset)
      throw new GapError(`the log starts at offset ${first.offset}, this copy stands at ${applied.offset}`);
    if (first.checksum !== applied.checksum)
      throw new LogLostError(
        `the log holds another record at offset ${applied.offset} than this copy applied`,
      );
    if (!isWhereItStands(applied, first))
      throw new GapError(`this copy is not at position ${applied.position}, where it says that it stands`);
  }
}

/** The record last applied is the place; a copy that names another has lost or gained something on its own. */
function isWhereItStands({ epoch, position }: Applied, { entry }: Arrival): boolean {
  const record = entry?.record;
  return record?.epoch === epoch && (record.kind === "marker" || record.position === position);
}

/** Its first record, if it can be read at all, is a marker. */
const goesOnElsewhere = (applied: Applied, { entry }: Arrival): boolean =>
  entry !== null && judge(applied, entry.record) === "gap";
