// PURE but for what they hold: requests between their arrival and their answers: what one is, whether one more may wait, those that
// are in no message yet, and those of a message under way. While it waits, a request is kept as the JSON that will stand in its
// message and not as the objects that its body was parsed to, which take up to twenty times the body's size: what a text costs is
// known.
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer, ReadBounds } from "../../core/messages/queues.ts";
import type { Param, ReadStatement, WriteStatement } from "../../core/messages/statement.ts";
import type { Span } from "../../platform/telemetry/tracing.ts";

/** Whoever waits for the answer. Exactly one of the two is called, once. */
export interface Reply {
  /** The request's own, where it is traced. */
  readonly span?: Span | undefined;
  answered(answer: DecodedAnswer, worker: string): void;
  refused(refusal: RefusalBody): void;
}

export interface Pending {
  readonly reply: Reply;
  /** By the monotonic clock. */
  readonly deadlineAtMs: number;
  /** The same moment in Unix ms: workers are told it. Taken once, so that every copy of the request bears the same. */
  readonly deadlineMs: number;
  /** How much memory it takes, and never less than its part of a message. */
  readonly bytes: number;
}

export interface PendingRead extends Pending, PackedRead, ReadBounds {}

export interface PendingWrite extends Pending, PackedWrite {
  /** The client's own key with its request's fingerprint; the batch makes one where there is none. */
  readonly key?: string;
  readonly hash?: string;
}

/** A pending request at its place in a batch. The place stays the same when the batch is sent again. */
export interface Placed<P extends Pending> {
  readonly index: number;
  readonly pending: P;
}

export interface PackedRead {
  /** JSON of a `ReadShape`. */
  readonly shape: string;
  /** JSON of a list of parameters. */
  readonly params: string;
}

export interface PackedWrite {
  /** JSON of a `WriteShape`. */
  readonly shape: string;
  /** JSON of a list of rows of parameters. */
  readonly rows: string;
}

export const packRead = ({ shape, params }: ReadStatement): PackedRead => ({
  shape: JSON.stringify(shape),
  params: JSON.stringify(params satisfies readonly Param[]),
});

export const packWrite = ({ shape, rows }: WriteStatement): PackedWrite => ({
  shape: JSON.stringify(shape),
  rows: JSON.stringify(rows satisfies readonly (readonly Param[])[]),
});

/**
 * What a text takes, in memory and in a message, whichever is more: one byte for each character as long as all are ASCII,
 * else two in memory and up to three in a message.
 */
export function bytesOf(text: string): number {
  const inMessage = Buffer.byteLength(text);
  return inMessage === text.length ? inMessage : Math.max(inMessage, 2 * text.length);
}

/** Requests that are not in any message yet, in the order in which they came. */
export class Waiting<P extends Pending> {
  #requests: P[] = [];

  get any(): boolean {
    return this.#requests.length > 0;
  }

  get count(): number {
    return this.#requests.length;
  }

  add(pending: P): void {
    this.#requests.push(pending);
  }

  /** @returns as many as fit into one message, at least one: the size of a single body was bounded before */
  takeBatch(itemsMax: number, bytesMax: number): readonly P[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.#requests) {
      bytes += pending.bytes;
      if (count === itemsMax || (count > 0 && bytes > bytesMax)) break;
      count += 1;
    }
    return this.#requests.splice(0, count);
  }

  takeExpired(nowMs: number): readonly P[] {
    const expired = this.#requests.filter(({ deadlineAtMs }) => deadlineAtMs <= nowMs);
    if (expired.length > 0)
      this.#requests = this.#requests.filter(({ deadlineAtMs }) => deadlineAtMs > nowMs);
    return expired;
  }
}

/** Those of a batch that was sent and is not wholly answered yet. */
export class InFlight<P extends Pending> {
  readonly id: string;
  readonly sentAtMs: number;
  /** 2 once its requests may have cost a worker: they then travel alone, so that a bad one takes no other with it. */
  attempt: 1 | 2 = 1;
  /** How often it was sent. */
  publications = 0;
  /** When it was sent first, or when the last of its answers so far came. */
  movedAtMs: number;
  readonly #waiting: (P | undefined)[];
  #unanswered: number;
  readonly #firstDeadlineAtMs: number;

  constructor(id: string, requests: readonly P[], sentAtMs: number) {
    this.id = id;
    this.sentAtMs = sentAtMs;
    this.movedAtMs = sentAtMs;
    this.#waiting = [...requests];
    this.#unanswered = requests.length;
    this.#firstDeadlineAtMs = requests.reduce(
      (first, { deadlineAtMs }) => Math.min(first, deadlineAtMs),
      Infinity,
    );
  }

  /** How many requests it was made of. */
  get size(): number {
    return this.#waiting.length;
  }

  /** How many of them are not answered yet. */
  get rest(): number {
    return this.#unanswered;
  }

  get done(): boolean {
    return this.#unanswered === 0;
  }

  /** @returns undefined when nobody waits at that place (any more) */
  take(index: number): P | undefined {
    const pending = this.#waiting[index];
    if (pending === undefined) return undefined;
    this.#waiting[index] = undefined;
    this.#unanswered -= 1;
    return pending;
  }

  unanswered(): readonly Placed<P>[] {
    const placed: Placed<P>[] = [];
    this.#waiting.forEach((pending, index) => {
      if (pending !== undefined) placed.push({ index, pending });
    });
    return placed;
  }

  takeExpired(nowMs: number): readonly P[] {
    if (nowMs < this.#firstDeadlineAtMs) return [];
    const expired = this.unanswered().filter(({ pending }) => pending.deadlineAtMs <= nowMs);
    return expired.map(({ index }) => this.take(index)).filter((pending) => pending !== undefined);
  }
}

export interface AdmissionLimits {
  readonly pendingRequestsMax: number;
  readonly pendingBytesMax: number;
  readonly brokerAwayMs: number;
}

/**
 * Whether one more request may wait. The bounds keep memory finite; the broker's absence is told at once, because a client that
 * knows can go elsewhere, while one that waits ten seconds cannot.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #bytes = 0;
  /** Monotonic; undefined while the broker takes messages. */
  #awaySinceMs: number | undefined;

  constructor(limits: AdmissionLimits, nowMs: number) {
    this.#limits = limits;
    this.#awaySinceMs = nowMs;
  }

  get requests(): number {
    return this.#requests;
  }

  brokerSeen(reachable: boolean, nowMs: number): void {
    if (reachable) this.#awaySinceMs = undefined;
    else this.#awaySinceMs ??= nowMs;
  }

  /** @returns why it may not, or undefined and has counted it */
  admit(bytes: number, nowMs: number): RefusalBody | undefined {
    const { pendingRequestsMax, pendingBytesMax, brokerAwayMs } = this.#limits;
    if (this.#awaySinceMs !== undefined && nowMs - this.#awaySinceMs > brokerAwayMs)
      return unavailable("the message broker cannot be reached or takes no messages at the moment");
    if (this.#requests >= pendingRequestsMax || this.#bytes + bytes > pendingBytesMax)
      return unavailable("too many requests are waiting for their answers");
    this.#requests += 1;
    this.#bytes += bytes;
    return undefined;
  }

  release(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
  }
}

export const unavailable = (message: string): RefusalBody => ({ code: "unavailable", message });
