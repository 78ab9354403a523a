// What the roles need of the world around them, in their own words. The real ones are SQLite, RabbitMQ, ZooKeeper and the
// system's time; the cluster simulation puts small worlds in their place.

import type { Applied } from "../core/log/judge.ts";
import type { Schema } from "../core/schema.ts";
import { type Clock, systemClock } from "../platform/process/clock.ts";
import type { Rabbit } from "../platform/rabbitmq/rabbit.ts";
import type { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";
import type { LogReader } from "./copy/log-reader.ts";
import type { LogEntry } from "./copy/store.ts";
import type { Membership } from "./lead/membership.ts";
import type { Suspects } from "./requests/suspects.ts";
import type { Append, CommitInput, Undone, WriteResult } from "./write/commit-batch.ts";

/** One copy of the database with its place in the log. Whatever happens, it stands between two records. */
export interface Ledger {
  /** What is committed. */
  readonly applied: Applied;
  readonly schema: Schema;
  /** Applies records that `judge` let through, in order: all or none. */
  apply(entries: readonly LogEntry[]): Promise<void>;
  /** Applies requests and appends their record; when `append` throws, nothing has happened. */
  commit(input: CommitInput, append: Append): Promise<readonly (WriteResult | Undone)[]>;
  /** Those of these idempotency keys under which an answer is kept. */
  known(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Log time of the newest key, 0 without any. */
  newestKeyMs(): Promise<number>;
  syncEveryCommit(on: boolean): Promise<void>;
}

/** The log from where the copy stands. */
export type Feed = Pick<LogReader, "next" | "take" | "onArrival">;

export type Broker = Pick<Rabbit, "ended" | "publish" | "send" | "cleared" | "consume">;

export type Session = Pick<ZooKeeperSession, "watch" | "stat" | "silent">;

export type Members = Pick<
  Membership,
  "peers" | "master" | "takeMastership" | "hasLed" | "atWork" | "raiseEpochs"
>;

export type Suspicion = Pick<Suspects, "begin" | "blame">;

export type Time = Clock;

export const systemTime = systemClock;
