// A worker's copy as the one takes it who has asked for it: another worker, into a file, or the API, on to a client. Messages are
// acknowledged as they are taken, so few of them wait here, and the donor waits for the one who takes them.
import { createHash } from "node:crypto";
import { TransientError } from "../../core/errors.ts";
import {
  chunksAheadMax,
  heardWithinMs,
  marks,
  type SnapshotEnd,
  snapshotQueue,
} from "../../core/messages/snapshot.ts";
import type { Clock } from "../process/clock.ts";
import { Wakeable } from "../process/waiting.ts";
import type { BrokerConnection, Consumer, Delivery } from "./port.ts";

export interface SnapshotReading {
  readonly rabbit: BrokerConnection;
  readonly clock: Clock;
  /** Its reason is thrown. */
  readonly signal: AbortSignal;
  /** Something has come. */
  readonly onProgress?: () => void;
}

export interface SnapshotMessage {
  readonly mark: number;
  readonly body: Buffer;
}

const prefetch = 4;

export class SnapshotReader {
  readonly #reading: SnapshotReading;
  readonly #queue: string;
  readonly #arrived: Delivery[] = [];
  readonly #wakeable: Wakeable;
  #consumer: Consumer | undefined;

  private constructor(reading: SnapshotReading, queue: string) {
    this.#reading = reading;
    this.#queue = queue;
    this.#wakeable = new Wakeable(reading.clock);
  }

  static async open(reading: SnapshotReading): Promise<SnapshotReader> {
    const { rabbit } = reading;
    const reader = new SnapshotReader(reading, await rabbit.declareTemporary("", chunksAheadMax));
    reader.#consumer = await rabbit.consume(reader.#queue, { prefetch }, (delivery) => {
      reader.#arrived.push(delivery);
      reader.#wakeable.wake();
    });
    return reader;
  }

  async ask(donorGuid: string, request: Buffer): Promise<void> {
    await this.#reading.rabbit.publish(snapshotQueue(donorGuid), request, { replyTo: this.#queue });
  }

  /** @throws TransientError when the donor says nothing for too long */
  async next(): Promise<SnapshotMessage> {
    for (;;) {
      const { content } = await this.#any();
      const mark = content[0] ?? marks.alive;
      if (mark !== marks.alive) return { mark, body: content.subarray(1) };
    }
  }

  /**
   * The last chunk comes only when all of them are known to be what was sent.
   * @param announced how many bytes they have, where it was asked for
   * @throws TransientError when they are not
   */
  async *chunks(announced?: number): AsyncGenerator<Buffer, void> {
    const hash = createHash("sha256");
    let bytes = 0;
    let held: Buffer | undefined;
    for (;;) {
      const { mark, body } = await this.next();
      if (mark === marks.end) {
        const end = JSON.parse(body.toString("utf8")) as SnapshotEnd;
        const isWhole = end.bytes === bytes && (announced ?? bytes) === bytes;
        if (!isWhole || end.sha256 !== hash.digest("hex"))
          throw new TransientError("the copy that arrived is not the one that was sent");
        if (held !== undefined) yield held;
        return;
      }
      if (held !== undefined) yield held;
      hash.update(body);
      bytes += body.length;
      held = body;
    }
  }

  async #any(): Promise<Delivery> {
    const { clock, signal, onProgress } = this.#reading;
    const untilMs = clock.monotonicMs() + heardWithinMs;
    for (;;) {
      signal.throwIfAborted();
      const delivery = this.#arrived.shift();
      if (delivery !== undefined) {
        onProgress?.();
        delivery.ack();
        return delivery;
      }
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) throw new TransientError("the worker that gives its copy stopped sending");
      await this.#wakeable.wait(leftMs, signal);
    }
  }

  /** The queue goes with its consumer, and the donor stops. */
  async close(): Promise<void> {
    await this.#consumer?.close().catch(() => undefined);
  }
}
