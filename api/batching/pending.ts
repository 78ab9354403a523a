// A request between its arrival and its answer. While it waits, it is kept as the JSON that will stand in its message and not as
// the objects that its body was parsed to, which take up to twenty times the body's size: what a text costs is known.
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
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

export interface PendingRead extends Pending, PackedRead {
  readonly minPosition?: number;
}

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
