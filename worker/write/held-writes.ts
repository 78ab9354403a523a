// A message of writes in a master's hands: its requests go their own ways, and it is acked when the last of them is settled.
// Requests wait apart from each other in three lanes, and the lanes take turns, so that none waits for more than one commit of
// each other lane:
//
//   quick     all together, as many as a commit holds
//   suspects  a few at a time, for they share the blame when the worker dies
//   slow      one at a time; a request that waits there holds up no other
import { type Answer, type WriteBatch, waitMsOf } from "../../core/messages/queues.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
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

export type Lane = "quick" | "suspects" | "slow";

/** What is committed next, together. */
export interface Turn {
  readonly lane: Lane;
  readonly writes: readonly HeldWrite[];
}

const turns: readonly Lane[] = ["quick", "suspects", "slow"];

const laneLimits = {
  /** Suspects of one commit. */
  suspectsTogether: 8,
  /** Slow requests that wait: fewer than the messages that a master takes, or they would keep the others out. */
  slowMax: 16,
  slowBytesMax: 8 * 1024 * 1024,
} as const;

export class WriteLanes {
  readonly #lanes: Record<Lane, HeldWrite[]> = { quick: [], suspects: [], slow: [] };
  #slowBytes = 0;
  #last: Lane = "slow";

  waiting(lane: Lane): number {
    return this.#lanes[lane].length;
  }

  /** Of all but the slow ones, which have a bound of their own. */
  get bytes(): number {
    const { quick, suspects } = this.#lanes;
    return [...quick, ...suspects].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @returns false when it has no room there */
  add(lane: Lane, write: HeldWrite): boolean {
    if (lane === "slow") {
      const { slowMax, slowBytesMax } = laneLimits;
      const bytes = bytesOf(write);
      const { slow } = this.#lanes;
      if (slow.length >= slowMax || (slow.length > 0 && this.#slowBytes + bytes > slowBytesMax)) return false;
      this.#slowBytes += bytes;
    }
    this.#lanes[lane].push(write);
    return true;
  }

  /** What was taken and not done: it comes first again. */
  putBack(lane: "quick" | "suspects", writes: readonly HeldWrite[]): void {
    this.#lanes[lane] = [...writes, ...this.#lanes[lane]];
  }

  /** @returns what is committed next, and removes it; undefined when nothing waits */
  next(): Turn | undefined {
    const after = turns.indexOf(this.#last) + 1;
    const lane = [...turns.slice(after), ...turns.slice(0, after)].find((one) => this.#lanes[one].length > 0);
    if (lane === undefined) return undefined;
    this.#last = lane;
    return { lane, writes: this.#take(lane) };
  }

  #take(lane: Lane): readonly HeldWrite[] {
    const waiting = this.#lanes[lane];
    if (lane === "quick") return waiting.splice(0);
    if (lane === "suspects") return waiting.splice(0, laneLimits.suspectsTogether);
    const taken = waiting.splice(0, 1);
    for (const write of taken) this.#slowBytes -= bytesOf(write);
    return taken;
  }
}

const bytesOf = ({ pending: { item, shape } }: HeldWrite): number =>
  JSON.stringify(item.rows).length + JSON.stringify(shape).length;
