// The master at work: writeQ -> transaction -> syncQ -> read back -> commit -> responseQ -> ack.
// It takes whatever has queued up since its last commit as one batch, so its commits grow with the load and a lone write
// waits for nobody. It is master exactly while `run` runs, and leaves it at the first sign of a successor.
import { messageOf, TransientError } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import {
  type Answer,
  decodeWriteBatch,
  queueLimits,
  queues,
  type WriteBatch,
} from "../../protocol/queues.ts";
import type { Delivery } from "../../protocol/rabbit.ts";
import { checksumOf } from "../../protocol/record.ts";
import { Wakeable } from "../../protocol/waiting.ts";
import { bounded } from "../deadline.ts";
import type { Broker, Feed, Ledger, Suspicion, Time } from "../ports.ts";
import type { Judge } from "../replica/judge.ts";
import type { LogEntry } from "../replica/store.ts";
import type { Append, Chore, PendingWrite, WriteResult } from "./commit-batch.ts";
import { bury, readable, requeueSingly, suspectIds } from "./deliveries.ts";
import { sendAnswers } from "./send-answers.ts";

export interface MasterOptions {
  readonly rabbit: Broker;
  readonly ledger: Ledger;
  readonly reader: Feed;
  readonly judge: Judge;
  readonly time: Time;
  readonly suspects: Suspicion;
  readonly epoch: number;
  readonly worker: string;
  readonly log: Log;
  /** What must be done besides the clients' requests, asked for before each commit. */
  readonly chores: (nowMs: number) => readonly Chore[];
  /** Told once writes reach this master. */
  readonly onAtWork: () => void;
  readonly onServed: (writes: number) => void;
}

const prefetch = 32;
const readBackWithinMs = 5_000;
const idleWakeMs = 500;
const commitMessagesMax = 8;

/** There is a newer master in the log: whatever this one still does is void. */
export class FencedError extends Error {
  override readonly name = "FencedError";
}

interface Held {
  readonly delivery: Delivery;
  readonly batch: WriteBatch;
  /** It took two workers down: it is answered, not tried. */
  readonly poisoned?: boolean;
}

/** Runs until the signal fires. @throws FencedError, or what made it unable to go on */
export async function runMaster(options: MasterOptions, signal: AbortSignal): Promise<void> {
  const master = new Master(options);
  await master.run(signal);
}

class Master {
  readonly #options: MasterOptions;
  readonly #arrived: Delivery[] = [];
  readonly #wakeable: Wakeable;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#wakeable = new Wakeable(options.time);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { rabbit, reader, epoch } = this.#options;
    reader.onArrival(() => this.#wakeable.wake());
    // A hung predecessor keeps its place at the queue until its connection drops: the younger master must come first.
    const consumer = await rabbit.consume(queues.write, { prefetch, priority: epoch }, (delivery) => {
      this.#arrived.push(delivery);
      this.#wakeable.wake();
    });
    try {
      this.#options.onAtWork();
      while (!signal.aborted) {
        this.#lookForSuccessor(reader.take());
        if (!(await this.#cycle())) await this.#wakeable.wait(idleWakeMs, signal);
      }
    } finally {
      // What was not answered goes back to the queue with the channel, for the next master.
      await consumer.close();
    }
  }

  /** @returns whether there was anything to do */
  async #cycle(): Promise<boolean> {
    const { ledger, epoch, chores, time } = this.#options;
    const atMs = time.now();
    const append: Append = (content, traceparent) => this.#append(content, traceparent);
    // Chores go alone: requests behind a migration are compiled against the schema it leaves.
    const toDo = chores(atMs);
    if (toDo.length > 0) await ledger.commit({ writes: [], chores: toDo, epoch, atMs }, append);
    const held = await this.#trusted(this.#takeArrived());
    if (held.length === 0) return toDo.length > 0;
    const writes = held.flatMap((one) => one.batch.items.map((item) => pending(one, item)));
    const causes = held.flatMap(({ delivery: { traceparent } }) => traceparent ?? []);
    this.#answer(held, await ledger.commit({ writes, chores: [], epoch, atMs, causes }, append));
    return true;
  }

  /** Up to a commit's worth; at least one message however large. */
  #takeArrived(): readonly Delivery[] {
    let bytes = 0;
    let count = 0;
    for (const { content } of this.#arrived) {
      bytes += content.length;
      if (count > 0 && (count >= commitMessagesMax || bytes > queueLimits.batchBytesMax)) break;
      count += 1;
    }
    return this.#arrived.splice(0, count);
  }

  async #trusted(deliveries: readonly Delivery[]): Promise<readonly Held[]> {
    const { rabbit, ledger, log } = this.#options;
    const trusted: Held[] = [];
    const suspected: Held[] = [];
    for (const delivery of deliveries) {
      const batch = await readable(rabbit, delivery, decodeWriteBatch, log);
      if (batch === null) continue;
      const isNew = batch.attempt === 1 && !delivery.redelivered;
      // One whose every request is known was applied before its master died: it needs only its answer.
      if (isNew || (await ledger.knows(batch.items.map((item) => item.key))))
        trusted.push({ delivery, batch });
      else if (batch.attempt === 1) await requeueSingly(rabbit, queues.write, delivery, batch);
      else suspected.push({ delivery, batch });
    }
    return [...trusted, ...(await this.#begun(suspected))];
  }

  async #begun(suspected: readonly Held[]): Promise<readonly Held[]> {
    const { rabbit, suspects, log } = this.#options;
    const ids = suspected.map(({ delivery, batch }) => suspectIds(delivery, batch));
    const guilty = await suspects.begin(ids.flat());
    const begun: Held[] = [];
    for (const [i, held] of suspected.entries()) {
      const poisoned = ids[i]?.some((id) => guilty.has(id)) ?? false;
      if (poisoned) await bury(rabbit, held.delivery, log);
      begun.push({ ...held, poisoned });
    }
    return begun;
  }

  #answer(held: readonly Held[], results: readonly WriteResult[]): void {
    const { rabbit, worker, onServed } = this.#options;
    let next = 0;
    for (const { delivery, batch } of held) {
      const answers = batch.items.map(({ index }): Answer => {
        const result = results[next++] as WriteResult;
        return { index, ...result };
      });
      sendAnswers(rabbit, worker, delivery, answers);
      delivery.ack();
    }
    onServed(next);
  }

  /** Publishes and waits for the record to come back from the log with nobody's marker before it. */
  #append(content: Buffer, traceparent?: string): Promise<{ offset: number; checksum: string }> {
    const { rabbit, time } = this.#options;
    return bounded(time, readBackWithinMs, [rabbit.ended], (signal, giveUp) => {
      rabbit.publish(queues.sync, content, { persistent: true, traceparent }).catch(giveUp);
      return this.#readBack(checksumOf(content), signal);
    });
  }

  async #readBack(checksum: string, signal: AbortSignal): Promise<{ offset: number; checksum: string }> {
    const { reader, epoch } = this.#options;
    while (!signal.aborted) {
      // One at a time: what stands behind the own record must stay in the reader, where the next look finds a successor.
      const [entry] = await reader.next(signal, 1);
      if (entry === undefined) continue;
      if (entry.checksum === checksum && entry.record.epoch === epoch)
        return { offset: entry.offset, checksum };
      this.#lookForSuccessor([entry]);
    }
    throw new TransientError(`own record did not come back from the log: ${messageOf(signal.reason)}`);
  }

  #lookForSuccessor(entries: readonly LogEntry[]): void {
    const { ledger, epoch, judge } = this.#options;
    for (const { record } of entries) {
      const verdict = judge(ledger.applied, record);
      if (verdict === "duplicate" || verdict === "stale") continue;
      throw new FencedError(`epoch ${record.epoch} has begun, this master is of epoch ${epoch}`);
    }
  }
}

function pending({ batch, poisoned = false }: Held, item: WriteBatch["items"][number]): PendingWrite {
  const shape = batch.shapes[item.shape];
  if (shape === undefined) throw new Error(`write batch without shape ${item.shape}`);
  return { item, shape, poisoned };
}
