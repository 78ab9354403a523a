// What the roles need of the world around them, in their own words. The real ones are SQLite, RabbitMQ, ZooKeeper and the
// system's time; the cluster simulation puts small worlds in their place.

import type { Applied, LogRecord } from "../core/log/record.ts";
import type { NamedCopy } from "../core/rules/copy-ids.ts";
import type { Candidate } from "../core/rules/election.ts";
import type { Schema } from "../core/schema.ts";
import type { LogNode, MasterNode, Place, WorkerNode } from "../core/state/znodes.ts";
import type { Consumer, Delivery, PublishOptions } from "../platform/rabbitmq/port.ts";
import type { CommitInput, Draft, LogPlace, NewRecord } from "./write/draft.ts";

/** A record as it was read from the log. */
export interface LogEntry extends LogPlace {
  readonly record: LogRecord;
  /** Everything that stands in the log before it was read as well, back to where the copy joined it. */
  readonly unbroken?: boolean;
  /** Of the commit that published it. */
  readonly traceparent?: string | undefined;
}

/** One copy of the database with its place in the log. Whatever happens, it stands between two records. */
export interface Ledger {
  /** Of the copy, from when its file began. */
  readonly copyId: string;
  /** What is committed. */
  readonly applied: Applied;
  readonly schema: Schema;
  /** Applies records that `judge` let through, in order: all or none. */
  apply(entries: readonly LogEntry[]): Promise<void>;
  /** Applies requests in a transaction that stays open until the draft is committed or rolled back; one at a time. */
  prepare(input: CommitInput): Promise<Draft>;
  /** Those of these idempotency keys under which an answer is kept. */
  known(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Log time of the newest key, 0 without any. */
  newestKeyMs(): Promise<number>;
  syncEveryCommit(on: boolean): Promise<void>;
  /** Resolves once everything that is committed outlasts a power cut. */
  sync(): Promise<void>;
}

/** The log from where the copy stands, as every worker reads it. */
export interface Feed {
  /** Waits for at least one entry; empty only when the signal fired. */
  next(signal: AbortSignal, most?: number): Promise<readonly LogEntry[]>;
  /** What has arrived, without waiting. */
  take(most?: number): readonly LogEntry[];
  /** Called at every arrival; the receiver then takes. */
  onArrival(wake: () => void): void;
}

/** The log as its master writes it. */
export interface RecordWriter {
  /** @returns the place of the record once it was read back. @throws FencedError, or when the place is not certain */
  append(record: NewRecord): Promise<LogPlace>;
  /** @throws FencedError when a successor's marker has arrived */
  lookForSuccessor(): void;
  /** The offset of the last record of all that this master had sent when it was asked: once that is read back. @throws as `append` does */
  end(): Promise<number>;
}

export interface Broker {
  /** Fires with the connection's end. */
  readonly ended: AbortSignal;
  /** Resolves once the broker has taken the message. */
  publish(queue: string, content: Buffer, options?: PublishOptions): Promise<void>;
  /** Fire and forget. @returns false when the connection has no room for more */
  send(queue: string, content: Buffer, options?: PublishOptions): boolean;
  /** Resolves once what was sent has left; undefined when there is room already. */
  cleared(): Promise<void> | undefined;
  consume(
    queue: string,
    options: { readonly prefetch: number; readonly priority?: number },
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Consumer>;
}

/** The session with ZooKeeper. */
export interface Session {
  /** Fires when the server has not been heard of for the session's timeout. */
  readonly silent: AbortSignal;
  watch(kind: "node" | "children", path: string, wake: () => void, scope?: AbortSignal): void;
  stat(path: string): Promise<{ readonly mine: boolean } | null>;
  get(path: string): Promise<{ readonly data: string } | null>;
}

export interface Peer extends Candidate {
  readonly node: WorkerNode;
}

/** @property known what was acknowledged before, read when no other could be master any more */
export interface Elected {
  readonly epoch: number;
  readonly known: LogNode | null;
}

/** The workers of the cluster, and this one's place among them. */
export interface Members {
  peers(): Promise<readonly Peer[]>;
  master(): Promise<MasterNode | null>;
  /** @returns null when another worker was first */
  takeMastership(): Promise<Elected | null>;
  /**
   * Writes down up to where may be answered, by which copy, and those of other hosts of which one at least has that as well.
   * @throws TransientError when a later master has
   */
  hasLed(place: Place, copyId: string, witnesses: readonly NamedCopy[], isFinal?: boolean): Promise<void>;
  /** What was noted of the broker's memory id is to be noted anew. */
  readonly isNoteOutdated: boolean;
  /** The broker's memory id as this worker has last read or written it. */
  readonly notedMemory: string | undefined;
  atWork(): Promise<void>;
  raiseEpochs(above: number): Promise<void>;
}

/** Which requests took a worker down. */
export interface Suspicion {
  /** Notes these as begun, but for those that are not to be tried. */
  begin(ids: readonly string[]): Promise<SuspectVerdict>;
  /** This worker failed at them, and at nothing else. */
  blame(ids: readonly string[]): Promise<void>;
}

export interface SuspectVerdict {
  /** They took a worker down. */
  readonly guilty: ReadonlySet<string>;
  /** The worker that had begun them is out of reach, dead or not. */
  readonly undecided: ReadonlySet<string>;
}
