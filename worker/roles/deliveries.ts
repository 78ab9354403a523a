// What a worker does with a delivery before it trusts it: a message that comes a second time may have killed the worker
// that had it. It is broken into its single requests, each marked a suspect, and queued again. A suspect that took another
// worker down is answered with an error and kept for an operator. So a poisoned request reaches two workers at most, alone
// the second time, and one that was only near it is served.
import { messageOf, Refusal, refusalBody } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import { encodeBatch, queues, type ReadBatch, type WriteBatch } from "../../protocol/queues.ts";
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

/** What a request is called as a suspect, however often it was sent. */
export const suspectIds = (
  { correlationId }: Delivery,
  { items }: ReadBatch | WriteBatch,
): readonly string[] => items.map(({ index }) => `${correlationId}#${index}`);

/** Queues each request of a message that came again as a suspect of its own, instead of working on it. */
export async function requeueSingly(
  rabbit: Broker,
  queue: string,
  { correlationId, replyTo, traceparent, ack }: Delivery,
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
  ack();
}

/** Keeps a copy for an operator; the answer and the ack are the caller's. */
export async function bury(
  rabbit: Broker,
  { content, correlationId, replyTo }: Delivery,
  log: Log,
): Promise<void> {
  log.error({ correlationId }, "request took down two workers, moved to the dead-letter queue");
  await rabbit.publish(queues.dead, content, { correlationId, replyTo, persistent: true });
}

export const poisoned = new Refusal(
  "poison_request",
  "this request was being worked on when two workers stopped; it is not tried again",
);

export const poisonedBody = refusalBody(poisoned);
