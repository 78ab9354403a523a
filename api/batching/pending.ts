// A request between its arrival and its answer.
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import type { Span } from "../../platform/telemetry/tracing.ts";
import type { PackedRead, PackedWrite } from "./packed.ts";

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
