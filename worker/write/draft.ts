// A group commit as the master and its copy speak of it: many requests, one transaction, one record in the log.
//
//   prepare (transaction open, requests applied, record built) -> append the record, READ IT BACK -> commit -> reply
//
// Only after the read-back is it certain that the record stands in the log before any successor's marker; so an answer of
// success means: in the log, and no other worker was master. If anything fails before, the transaction is rolled back, and
// what stands in the log is applied later like any other record.
import type { Refusal } from "../../core/errors.ts";
import type { Effect } from "../../core/log/record.ts";
import type { WriteItem } from "../../core/messages/queues.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";

/** One request on its way through a commit. */
export interface PendingWrite {
  readonly item: WriteItem;
  readonly shape: WriteShape;
  /** The API's id of the message that it came in: it tells a request that comes too late. */
  readonly message: string;
  /** It is refused with this untried, and its key with it: no other copy of it will be applied either. */
  readonly refusal?: Refusal;
}

export interface WriteResult {
  readonly ok: boolean;
  /** JSON text. */
  readonly body: string;
  readonly position: number;
}

/** Nothing of the request has happened. "left": its turn did not come. "tooLong": it was interrupted. */
export type Undone = "left" | "tooLong";

export type Outcome = WriteResult | Undone;

/** What the master does of its own accord: a migration, the forgetting of keys. */
export interface Chore {
  readonly effect: Effect;
  /** Why it cannot be done on this schema, as the chores before it have left it: it is passed over then. */
  readonly unmet?: (schema: Schema) => string | undefined;
  /** The data does not allow it: nothing of it was done. */
  readonly onRefused: (refusal: Refusal) => void;
}

export interface CommitLimits {
  /** No request is begun when those before it have taken so long. */
  readonly budgetMs: number;
  /** Asked from time to time while a request runs: it is interrupted when it may not go on. */
  readonly mayGoOn: (write: PendingWrite, ranMs: number) => boolean;
}

export interface CommitInput {
  readonly writes: readonly PendingWrite[];
  readonly chores: readonly Chore[];
  readonly epoch: number;
  /** Unix ms by this worker's clock. */
  readonly atMs: number;
  /** Log time. */
  readonly logMs: number;
  readonly limits: CommitLimits;
  /** The traces of the messages that the writes came in. */
  readonly causes?: readonly string[];
}

/** A record that is not in the log yet. */
export interface NewRecord {
  readonly content: Buffer;
  readonly epoch: number;
  /** The trace that its publication belongs to. */
  readonly traceparent?: string;
}

/** Where a record stands in the log, and what tells it from another one there. */
export interface LogPlace {
  readonly offset: number;
  readonly checksum: string;
}

/** A commit that waits for its record to stand in the log. Nothing of it is to be seen before, and nothing is after a rollback. */
export interface Draft {
  /** Undefined when there is nothing to append: every request was answered before, or left. */
  readonly record: NewRecord | undefined;
  /**
   * @param place where the record stands; undefined where there is none
   * @returns an outcome for each write, in order; what was done is durable
   */
  commit(place: LogPlace | undefined): Promise<readonly Outcome[]>;
  rollbackUnlessCommitted(): Promise<void>;
}
