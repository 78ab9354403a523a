// Records of the log that have arrived and were not taken yet, bounded in bytes: the broker counts records, and one can have
// megabytes. What is ahead of the file waits as the bytes that it came in; only the next few are read before they are taken,
// so that this process works while the file is busy.
import { messageOf } from "../../core/errors.ts";
import { checksumOf, decodeRecord } from "../../core/log/record.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { LogEntry } from "../ports.ts";

const mebibyte = 2 ** 20;
export const arrivalLimits = {
  /** Up to here records are acknowledged when they arrive, so that the broker sends the next ones; beyond, when they are taken. */
  acknowledgedBytesMax: 8 * mebibyte,
  /** What the broker had sent ahead is large: it must be asked for less at a time. */
  heldBytesMax: 24 * mebibyte,
  /** Read ahead of being taken. As values they need several times as much, and those that are not kept long cost least. */
  decodedBytesMax: 4 * mebibyte,
  aheadMax: 100,
  /** Applied in one transaction. */
  takenBytesMax: 4 * mebibyte,
  takenMax: 200,
} as const;
/** What a record costs beside its bytes. */
const recordOverheadBytes = 512;

interface Arrival {
  readonly offset: number;
  readonly checksum: string;
  readonly bytes: number;
  readonly delivery: Delivery;
  readonly isAcknowledged: boolean;
  /** Undefined until it is read; null when it cannot be read. */
  entry: LogEntry | null | undefined;
}

export class Arrivals {
  readonly #arrived: Arrival[] = [];
  /** Of `#arrived`, so many from the first have been read. */
  #read = 0;
  #readBytes = 0;
  #heldBytes = 0;
  /** Of the record that must arrive next, and of the one that must be read next. */
  #nextOffset: number | undefined;
  #nextRead: number | undefined;
  #unbroken = true;
  readonly #log: Log;

  /** @param firstOffset undefined when reading begins wherever the log ends */
  constructor(log: Log, firstOffset: number | undefined) {
    this.#log = log;
    this.#nextOffset = firstOffset;
    this.#nextRead = firstOffset;
  }

  /** Where the broker must go on sending. */
  get nextOffset(): number | undefined {
    return this.#nextOffset;
  }

  get isEmpty(): boolean {
    return this.#arrived.length === 0;
  }

  get isOverfull(): boolean {
    return this.#heldBytes > arrivalLimits.heldBytesMax;
  }

  /** The next to be taken. */
  get first():
    | { readonly offset: number; readonly checksum: string; readonly entry: LogEntry | null }
    | undefined {
    const [first] = this.#arrived;
    if (first === undefined) return undefined;
    if (this.#read === 0) this.#readNext();
    return { offset: first.offset, checksum: first.checksum, entry: first.entry ?? null };
  }

  add(delivery: Delivery): void {
    const bytes = delivery.content.length + recordOverheadBytes;
    this.#heldBytes += bytes;
    this.#nextOffset = delivery.streamOffset + 1;
    const isAhead =
      this.#heldBytes > arrivalLimits.acknowledgedBytesMax || this.#arrived.length >= arrivalLimits.aheadMax;
    if (!isAhead) delivery.ack();
    this.#arrived.push({
      offset: delivery.streamOffset,
      checksum: checksumOf(delivery.content),
      bytes,
      delivery,
      isAcknowledged: !isAhead,
      entry: undefined,
    });
    this.readAhead();
  }

  /** At least one if there is one, then as many as `most` and their bytes allow. */
  take(most: number): readonly LogEntry[] {
    let count = 0;
    let bytes = 0;
    for (const arrival of this.#arrived) {
      if (count === most || (count > 0 && bytes + arrival.bytes > arrivalLimits.takenBytesMax)) break;
      if (count === this.#read) this.#readNext();
      if (!arrival.isAcknowledged) arrival.delivery.ack();
      bytes += arrival.bytes;
      count += 1;
    }
    this.#heldBytes -= bytes;
    this.#readBytes -= bytes;
    this.#read -= count;
    return this.#arrived.splice(0, count).flatMap(({ entry }) => entry ?? []);
  }

  /** Reads the next few, while the file is busy with those before. */
  readAhead(): void {
    for (;;) {
      const next = this.#arrived[this.#read];
      if (next === undefined) return;
      const isEnough =
        this.#read >= arrivalLimits.aheadMax || this.#readBytes + next.bytes > arrivalLimits.decodedBytesMax;
      if (this.#read > 0 && isEnough) return;
      this.#readNext();
    }
  }

  /** A record that cannot be read is passed over: if it was one of a master's, the next one shows the gap. */
  #readNext(): void {
    const arrival = this.#arrived[this.#read];
    if (arrival === undefined) return;
    this.#read += 1;
    this.#readBytes += arrival.bytes;
    const { offset, checksum, delivery } = arrival;
    if (this.#nextRead !== undefined && offset !== this.#nextRead) this.#unbroken = false;
    this.#nextRead = offset + 1;
    try {
      const record = decodeRecord(delivery.content);
      const { traceparent } = delivery;
      arrival.entry = { record, offset, checksum, unbroken: this.#unbroken, traceparent };
    } catch (error) {
      this.#unbroken = false;
      this.#log.error({ offset, reason: messageOf(error) }, "unreadable record in the log");
      arrival.entry = null;
    }
  }
}
