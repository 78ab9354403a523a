// What a worker does with a delivery before it trusts it: a message that comes a second time may have killed the worker
// that had it. Its single requests are suspects. A suspect that took another worker down is answered with an error and kept
// for an operator. So a poisoned request reaches two workers at most, and one that was only near it is served.
// The answers to a message leave in as many messages as the broker's limit for one asks for.
import { messageOf, Refusal, refusalBody } from "../../core/errors.ts";
import {
  type Answer,
  encodeAnswers,
  encodeBatch,
  queueLimits,
  queues,
  type ReadBatch,
  suspectOf,
  type WriteBatch,
  waitMsOf,
} from "../../core/messages/queues.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
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

/** What is on its way to the broker at a time while a message is split. */
const splittingBytesMax = 512 * 1024;

/**
 * Queues each request of a message that came again as a suspect of its own, for as long as the queue takes them.
 * @returns those that it did not take, a full queue for instance: they are worked on here, and the message is acked after them
 */
export async function requeueSingly<B extends ReadBatch | WriteBatch>(
  rabbit: Broker,
  queue: string,
  { correlationId, replyTo, traceparent }: Delivery,
  batch: B,
): Promise<readonly B[]> {
  const waitMs = waitMsOf(batch);
  const expires = Number.isFinite(waitMs) ? { expirationMs: waitMs } : {};
  const left: B[] = [];
  let sending: { readonly suspect: B; readonly taken: Promise<void> }[] = [];
  let bytes = 0;
  const settle = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(sending.map(({ taken }) => taken));
    // With the connection the whole message comes again.
    if (rabbit.ended.aborted) throw rabbit.ended.reason;
    for (const [i, { suspect }] of sending.entries())
      if (outcomes[i]?.status === "rejected") left.push(suspect);
    sending = [];
    bytes = 0;
  };
  for (const item of batch.items) {
    const suspect = suspectOf(batch, item);
    if (left.length > 0) {
      left.push(suspect);
      continue;
    }
    const content = encodeBatch(suspect);
    const taken = rabbit.publish(queue, content, { correlationId, replyTo, traceparent, ...expires });
    // Its outcome is looked at in `settle`.
    taken.catch(() => undefined);
    sending.push({ suspect, taken });
    bytes += content.length;
    if (bytes >= splittingBytesMax) await settle();
  }
  await settle();
  return left;
}

/** Keeps a copy for an operator; the answer and the ack are the caller's. */
export async function deadLetter(
  rabbit: Broker,
  { correlationId, replyTo }: Pick<Delivery, "correlationId" | "replyTo">,
  batch: ReadBatch | WriteBatch,
  log: Log,
): Promise<void> {
  log.error({ correlationId }, "request took down two workers, moved to the dead-letter queue");
  await rabbit.publish(queues.dead, encodeBatch(batch), { correlationId, replyTo, persistent: true });
}

export const poisoned = new Refusal(
  "poison_request",
  "this request was being worked on when two workers stopped; it is not tried again",
);

export const poisonedBody = refusalBody(poisoned);

/** Not kept under a key: the request was not tried, and a copy of it may be. */
const undecided = new Refusal(
  "unavailable",
  "a worker that had begun this request is out of reach, and whether the request is to blame is not known yet; send it again",
);

export const undecidedBody = refusalBody(undecided);

export function sendAnswers(
  rabbit: Broker,
  worker: string,
  { replyTo, correlationId }: Pick<Delivery, "replyTo" | "correlationId">,
  answers: readonly Answer[],
): void {
  for (const some of parts(answers, queueLimits.answerBytesMax))
    rabbit.send(replyTo, encodeAnswers(worker, some), { correlationId });
}

/** In order; each part holds at most `bytesMax` of bodies, or one body that is larger by itself. */
export function parts(answers: readonly Answer[], bytesMax: number): readonly (readonly Answer[])[] {
  const out: Answer[][] = [];
  let bytes = 0;
  for (const answer of answers) {
    const more = Buffer.byteLength(answer.body);
    if (out.length === 0 || bytes + more > bytesMax) {
      out.push([]);
      bytes = 0;
    }
    out.at(-1)?.push(answer);
    bytes += more;
  }
  return out;
}
