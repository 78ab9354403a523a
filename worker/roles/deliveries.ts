// What a worker does with a delivery before it trusts it: a message that comes a second time may have killed the worker
// that had it. It is broken into its single requests, each marked, and queued again; one that comes again even then is
// answered with an error and kept for an operator. So a poisoned request reaches two workers at most, alone the second time.
import { messageOf, Refusal, refusalBody } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import {
  encodeAnswers,
  encodeBatch,
  queues,
  type ReadBatch,
  refusalAnswer,
  type WriteBatch,
} from "../../protocol/queues.ts";
import type { Delivery } from "../../protocol/rabbit.ts";
import type { Broker } from "../ports.ts";

/** @returns null, with the message put aside, when it is not one of ours: nothing must make every worker fail in turn */
export async function readable<B>(
  rabbit: Broker,
  { content, ack }: Delivery,
  decode: (content: Buffer) => B,
  log: Log,
): Promise<B | null> {
  try {
    return decode(content);
  } catch (error) {
    log.error({ reason: messageOf(error) }, "unreadable message, moved to the dead-letter queue");
    await rabbit.publish(queues.dead, content, { persistent: true });
    ack();
    return null;
  }
}

/** @returns true when the delivery was settled here and must not be worked on */
export async function settleSuspect(
  rabbit: Broker,
  queue: string,
  worker: string,
  delivery: Delivery,
  batch: ReadBatch | WriteBatch,
  log: Log,
): Promise<boolean> {
  if (!delivery.redelivered) return false;
  if (batch.attempt === 1) await requeueSingly(rabbit, queue, delivery, batch);
  else await bury(rabbit, worker, delivery, batch, log);
  delivery.ack();
  return true;
}

async function requeueSingly(
  rabbit: Broker,
  queue: string,
  { correlationId, replyTo, traceparent }: Delivery,
  batch: ReadBatch | WriteBatch,
): Promise<void> {
  const again = batch.items.map((item) =>
    rabbit.publish(queue, encodeBatch({ ...batch, attempt: 2, items: [item] } as ReadBatch | WriteBatch), {
      correlationId,
      replyTo,
      traceparent,
    }),
  );
  await Promise.all(again);
}

async function bury(
  rabbit: Broker,
  worker: string,
  { content, correlationId, replyTo }: Delivery,
  batch: ReadBatch | WriteBatch,
  log: Log,
): Promise<void> {
  log.error({ correlationId }, "request took down two workers, moved to the dead-letter queue");
  await rabbit.publish(queues.dead, content, { correlationId, replyTo, persistent: true });
  const body = refusalBody(
    new Refusal(
      "poison_request",
      "this request was being worked on when two workers stopped; it is not tried again",
    ),
  );
  const answers = batch.items.map((item) => refusalAnswer(item.index, body, 0));
  rabbit.send(replyTo, encodeAnswers(worker, answers), { correlationId });
}
