// The log as its master writes it: publishes a record and reads it back. The read-back is what makes a replaced master
// harmless: its record stands behind the successor's marker, so the marker comes first, and the master is fenced.
import { messageOf, TransientError } from "../../core/errors.ts";
import { checksumOf, type Judge } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { bounded } from "../../platform/process/waiting.ts";
import type { Broker, Feed, Ledger, LogEntry, RecordWriter } from "../ports.ts";
import type { LogPlace, NewRecord } from "./draft.ts";

const readBackWithinMs = 5_000;

/** There is a newer master in the log: whatever this one still does is void. */
export class FencedError extends Error {
  override readonly name = "FencedError";
}

export interface LogWriterOptions {
  readonly rabbit: Pick<Broker, "publish" | "ended">;
  readonly reader: Feed;
  readonly judge: Judge;
  readonly ledger: Pick<Ledger, "applied">;
  readonly time: Clock;
}

export class LogWriter implements RecordWriter {
  readonly #options: LogWriterOptions;
  /** The last one that was begun; those before it are over. */
  #appended: Promise<LogPlace> | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  append({ content, epoch, traceparent }: NewRecord): Promise<LogPlace> {
    const { rabbit, time } = this.#options;
    this.#appended = bounded(time, readBackWithinMs, [rabbit.ended], (signal, giveUp) => {
      rabbit.publish(queues.sync, content, { persistent: true, traceparent }).catch(giveUp);
      return this.#readBack(checksumOf(content), epoch, signal);
    });
    return this.#appended;
  }

  async end(): Promise<number> {
    const { ledger } = this.#options;
    const last = await this.#appended;
    return Math.max(last?.offset ?? -1, ledger.applied.offset);
  }

  lookForSuccessor(): void {
    this.#fence(this.#options.reader.take());
  }

  async #readBack(checksum: string, epoch: number, signal: AbortSignal): Promise<LogPlace> {
    const { reader } = this.#options;
    while (!signal.aborted) {
      // One at a time: what stands behind the own record must stay in the reader, where the next look finds a successor.
      const [entry] = await reader.next(signal, 1);
      if (entry === undefined) continue;
      if (entry.checksum === checksum && entry.record.epoch === epoch)
        return { offset: entry.offset, checksum };
      this.#fence([entry]);
    }
    throw new TransientError(`own record did not come back from the log: ${messageOf(signal.reason)}`);
  }

  #fence(entries: readonly LogEntry[]): void {
    const { ledger, judge } = this.#options;
    for (const { record } of entries) {
      const verdict = judge(ledger.applied, record);
      if (verdict === "duplicate" || verdict === "stale") continue;
      throw new FencedError(
        `epoch ${record.epoch} has begun, this master is of epoch ${ledger.applied.epoch}`,
      );
    }
  }
}
