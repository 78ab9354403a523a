// A slave at work: readQ -> its copy -> responseQ. The broker hands messages round robin to the slaves that have room.
import type { Log } from "../../protocol/log.ts";
import { decodeReadBatch, encodeAnswers, queues } from "../../protocol/queues.ts";
import type { Delivery, Rabbit } from "../../protocol/rabbit.ts";
import type { Store } from "../replica/store.ts";
import { answerReads, type ReadLimits } from "./answer-reads.ts";
import { readable, settleSuspect } from "./deliveries.ts";

/** Messages a slave may hold: few, so that the next slave gets the next message. */
const prefetch = 4;

export interface SlaveOptions {
  readonly rabbit: Rabbit;
  readonly store: Store;
  readonly worker: string;
  readonly log: Log;
  readonly limits: () => ReadLimits;
  readonly onServed: (reads: number) => void;
  /** Called with what is no request's fault. */
  readonly onFailure: (error: unknown) => void;
}

export interface ServingReads {
  /** Leaves the queue, finishes what is here, and gives up nothing that was begun. */
  finish(): Promise<void>;
}

/** Serves reads until `finish` is called. */
export async function serveReads(options: SlaveOptions): Promise<ServingReads> {
  const { rabbit, onFailure } = options;
  const working = new Set<Promise<void>>();
  const consumer = await rabbit.consume(queues.read, { prefetch }, (delivery) => {
    const work = serve(options, delivery).catch(onFailure);
    working.add(work);
    void work.finally(() => working.delete(work));
  });
  return {
    finish: async () => {
      await consumer.cancel();
      while (working.size > 0) await Promise.all(working);
      await consumer.close();
    },
  };
}

async function serve(options: SlaveOptions, delivery: Delivery): Promise<void> {
  const { rabbit, store, worker, log, limits, onServed } = options;
  const batch = await readable(rabbit, delivery, decodeReadBatch, log);
  if (batch === null) return;
  if (await settleSuspect(rabbit, queues.read, worker, delivery, batch, log)) return;
  const { correlationId, replyTo } = delivery;
  await answerReads(store, batch, limits(), (answers) => {
    rabbit.send(replyTo, encodeAnswers(worker, answers), { correlationId });
  });
  onServed(batch.items.length);
  delivery.ack();
}
