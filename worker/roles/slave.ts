// A slave at work: readQ -> its copy -> responseQ. The broker hands messages round robin to the slaves that have room.
import type { Log } from "../../protocol/log.ts";
import {
  type Answer,
  decodeReadBatch,
  queues,
  type ReadBatch,
  refusalAnswer,
} from "../../protocol/queues.ts";
import type { Delivery } from "../../protocol/rabbit.ts";
import type { Broker, Suspicion } from "../ports.ts";
import { bury, poisonedBody, readable, requeueSingly, suspectIds, undecidedBody } from "./deliveries.ts";
import { sendAnswers } from "./send-answers.ts";

/** Messages a slave may hold: few, so that the next slave gets the next message. */
const prefetch = 4;

/** Answers a batch of reads from the copy, in as many parts as it likes. @throws what is no request's fault */
export type AnswerReads = (batch: ReadBatch, emit: (answers: readonly Answer[]) => void) => Promise<void>;

export interface SlaveOptions {
  readonly rabbit: Broker;
  readonly worker: string;
  readonly log: Log;
  readonly suspects: Suspicion;
  readonly answer: AnswerReads;
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
  const { rabbit, log } = options;
  const batch = await readable(rabbit, delivery, decodeReadBatch, log);
  if (batch === null) return;
  if (batch.attempt === 1 && delivery.redelivered)
    for (const suspect of await requeueSingly(rabbit, queues.read, delivery, batch))
      await serveSuspect(options, delivery, suspect);
  else if (batch.attempt === 2) await serveSuspect(options, delivery, batch);
  else await serveBatch(options, delivery, batch);
  delivery.ack();
}

async function serveSuspect(options: SlaveOptions, delivery: Delivery, batch: ReadBatch): Promise<void> {
  const { rabbit, worker, log, suspects } = options;
  const { guilty, undecided } = await suspects.begin(suspectIds(delivery, batch));
  if (guilty.size > 0) await bury(rabbit, delivery, batch, log);
  if (guilty.size === 0 && undecided.size === 0) return serveBatch(options, delivery, batch);
  const body = guilty.size > 0 ? poisonedBody : undecidedBody;
  const answers = batch.items.map(({ index }) => refusalAnswer(index, body, 0));
  sendAnswers(rabbit, worker, delivery, answers);
}

async function serveBatch(
  { rabbit, worker, answer, onServed }: SlaveOptions,
  delivery: Delivery,
  batch: ReadBatch,
): Promise<void> {
  await answer(batch, (answers) => sendAnswers(rabbit, worker, delivery, answers));
  onServed(batch.items.length);
}
