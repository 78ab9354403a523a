// A message of writes in a master's hands: its requests go their own ways, and it is acked when the last of them is settled.
import { type Answer, type WriteBatch, waitMsOf } from "../../core/messages/queues.ts";
import type { Delivery } from "../ports.ts";
import type { PendingWrite } from "./draft.ts";

export class HeldMessage {
  readonly correlationId: string;
  readonly replyTo: string;
  readonly traceparent: string | undefined;
  readonly head: Pick<WriteBatch, "v" | "deadlineMs">;
  readonly #ack: () => void;
  #open: number;

  constructor({ correlationId, replyTo, traceparent, ack }: Delivery, batch: WriteBatch) {
    this.correlationId = correlationId;
    this.replyTo = replyTo;
    this.traceparent = traceparent;
    this.head = { v: batch.v, deadlineMs: batch.deadlineMs };
    this.#ack = ack;
    this.#open = batch.items.length;
  }

  settled(requests: number): void {
    this.#open -= requests;
    if (this.#open === 0) this.#ack();
  }
}

/** One of its requests. */
export interface HeldWrite {
  readonly message: HeldMessage;
  readonly pending: PendingWrite;
  /** By the worker's clock: its client waits no longer than this. */
  readonly untilMs: number;
  /** Its share of the message's size. */
  readonly bytes: number;
}

export function writesOf(
  message: HeldMessage,
  batch: WriteBatch,
  arrivedAtMs: number,
  messageBytes: number,
): readonly HeldWrite[] {
  const bytes = messageBytes / batch.items.length;
  return batch.items.map((item) => {
    const shape = batch.shapes[item.shape];
    if (shape === undefined) throw new Error(`write batch without shape ${item.shape}`);
    const pending = { item, shape, message: message.correlationId };
    return { message, pending, untilMs: arrivedAtMs + waitMsOf(batch, item), bytes };
  });
}

/** What it is called as a suspect, however often it was sent. */
export const suspectId = ({ message, pending: { item } }: HeldWrite): string =>
  `${message.correlationId}#${item.index}`;

/** As a message of its own, for an operator. */
export const aloneOf = ({ message, pending: { item, shape } }: HeldWrite): WriteBatch => ({
  ...message.head,
  attempt: 2,
  shapes: [shape],
  items: [{ ...item, shape: 0 }],
});

/** Hands the answers to each message that they are for, and settles what they answer. */
export function settleWith(
  answered: readonly { readonly write: HeldWrite; readonly answer: Omit<Answer, "index"> }[],
  send: (message: HeldMessage, answers: readonly Answer[]) => void,
): void {
  const byMessage = new Map<HeldMessage, Answer[]>();
  for (const { write, answer } of answered) {
    const answers = byMessage.get(write.message);
    const one = { index: write.pending.item.index, ...answer };
    if (answers === undefined) byMessage.set(write.message, [one]);
    else answers.push(one);
  }
  for (const [message, answers] of byMessage) {
    send(message, answers);
    message.settled(answers.length);
  }
}
