// A message of writes in a master's hands: its requests go their own ways, and it is acked when the last of them is settled.
// Requests wait apart from each other in three lanes, and the lanes take turns, so that none waits for more than one commit of
// each other lane:
//
//   quick     all together, as many as a commit holds
//   suspects  a few at a time, for they share the blame when the worker dies
//   slow      one at a time; a request that waits there holds up no other
import { Refusal } from "../../core/errors.ts";
import { type Answer, type WriteBatch, waitMsOf } from "../../core/messages/queues.ts";
import { type Condition, changesSchema, type WriteShape } from "../../core/messages/statement.ts";
import { findTable, type Schema } from "../../core/schema.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import type { CommitLimits, PendingWrite } from "./draft.ts";

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

// How long a write may run before it is interrupted, by what it does and by who waits behind it; and which requests are likely to run
// long, by their shape: requests that differ only in their values mostly take the same time. The latter decides only whose company
// a request is tried in, never whether it is carried out.

/** No further request is begun in a commit that has taken so long. */
const budgetMs = 100;
/** What a request may take in the company of others; one that takes longer is tried again alone. */
const togetherMs = 100;
/** What a request may take alone while others wait. */
const pressedMs = 200;
/** A clear is an administrator's, and takes what the size of the data asks for. */
const clearMs = 60_000;

interface Bound {
  /** What it may take while no other waits. */
  readonly ms: (queryMs: number) => number;
  /** More than others may wait for it: then it is tried apart from them. */
  readonly isLongInCompany: boolean;
  /** It is interrupted for those who wait. */
  readonly yields: boolean;
}

const byQuery: Bound = { ms: (queryMs) => queryMs, isLongInCompany: true, yields: true };
/** The work is bounded by the size of the request's body. */
const byBody: Bound = { ms: (queryMs) => queryMs, isLongInCompany: false, yields: false };

const bounds: Readonly<Record<WriteShape["kind"], Bound>> = {
  insert: byBody,
  update: byQuery,
  delete: byQuery,
  sql: byQuery,
  batch: byQuery,
  clear: { ms: () => clearMs, isLongInCompany: true, yields: false },
  barrier: byBody,
};

/** A kind that this version does not know, from a newer API for instance, is not judged here: whoever works on it fails with it. */
function boundOf(shape: WriteShape): Bound {
  if (!Object.hasOwn(bounds, shape.kind)) return byBody;
  // An index takes what the size of its table asks for.
  return bounds[changesSchema(shape) ? "clear" : shape.kind];
}

const ownMs = (shape: WriteShape, queryMs: number): number => boundOf(shape).ms(queryMs);

/** Whether one that ran too long in the company of others may take longer alone. */
export const mayTakeLongerAlone = (shape: WriteShape): boolean => boundOf(shape).isLongInCompany;

/** @param queryMs what one request may take while no other waits */
export const limitsTogether = (queryMs: number): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) => {
    const ms = ownMs(shape, queryMs);
    return ranMs < (mayTakeLongerAlone(shape) ? Math.min(togetherMs, ms) : ms);
  },
});

export const limitsAlone = (queryMs: number, isPressed: () => boolean): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) =>
    ranMs < ownMs(shape, queryMs) && (ranMs < pressedMs || !boundOf(shape).yields || !isPressed()),
});

export const tooSlow = (shape: WriteShape, queryMs: number): Refusal =>
  new Refusal(
    "query_timeout",
    `the write was interrupted: it may run for ${ownMs(shape, queryMs)} ms, and for ${pressedMs} ms while others wait`,
  );

/** How long a shape counts as slow, or as quick, after a request of it was. */
const rememberedMs = 10_000;
/** While there was a slow one lately, a shape that is not known yet is not trusted either. */
const waryMs = 5_000;
const shapesMax = 512;

export class SlowShapes {
  readonly #known = new Map<string, { readonly slow: boolean; readonly untilMs: number }>();
  readonly #texts = new WeakMap<WriteShape, string>();
  #waryUntilMs = Number.NEGATIVE_INFINITY;

  /** Whether a request of this shape should be tried alone. */
  isSlow(shape: WriteShape, schema: Schema, nowMs: number): boolean {
    if (nowMs > this.#waryUntilMs && this.#known.size === 0) return false;
    if (!looksThroughRows(shape)) return false;
    const known = this.#known.get(this.#textOf(shape));
    if (known !== undefined && known.untilMs > nowMs) return known.slow;
    return nowMs <= this.#waryUntilMs && !isByKey(shape, schema);
  }

  ran(shape: WriteShape, slow: boolean, nowMs: number): void {
    if (!looksThroughRows(shape)) return;
    if (slow) this.#waryUntilMs = nowMs + waryMs;
    const text = this.#textOf(shape);
    if (!slow && this.#isStillSlow(text, nowMs)) return;
    if (this.#known.size >= shapesMax && !this.#known.has(text)) this.#known.clear();
    this.#known.set(text, { slow, untilMs: nowMs + rememberedMs });
  }

  /** One that was quick does not make up for one that was not: values differ. */
  #isStillSlow(text: string, nowMs: number): boolean {
    const known = this.#known.get(text);
    return known?.slow === true && known.untilMs > nowMs;
  }

  /** Requests of one message share the object. */
  #textOf(shape: WriteShape): string {
    const known = this.#texts.get(shape);
    if (known !== undefined) return known;
    // The moment of a transaction, and what it gave, are its own.
    const text = JSON.stringify(shape.kind === "batch" ? shape.parts.map((part) => part.shape) : shape);
    this.#texts.set(shape, text);
    return text;
  }
}

/** Its time depends on the data: that of an insert is bounded by the size of its body. */
const looksThroughRows = mayTakeLongerAlone;

/** It looks up one row, by the whole of its table's key. */
function isByKey(shape: WriteShape, schema: Schema): boolean {
  if (!("where" in shape)) return false;
  const key = findTable(schema, shape.table)?.primaryKey;
  return key?.every((column) => isFixed(shape.where, column)) ?? false;
}

function isFixed(condition: Condition, column: string): boolean {
  if (condition.op === "and") return condition.of.some((one) => isFixed(one, column));
  return condition.op === "=" && condition.column === column;
}
