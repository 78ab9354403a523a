// What the API needs of the world around it, and the parts that it is made of.
import type { ManifestIn } from "../core/manifest/parse.ts";
import type { Paths } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import type { OpenBroker } from "../platform/rabbitmq/port.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import type { OpenZnodeSession } from "../platform/zookeeper/port.ts";
import type { Door } from "./access/door.ts";
import type { BackupFolder } from "./backups/folder.ts";
import type { Batcher } from "./batching/batcher.ts";
import type { Answers, Broker } from "./batching/broker.ts";
import type { PendingRead, PendingWrite } from "./batching/pending.ts";
import type { BackupTurn } from "./cluster/backup.ts";
import type { ReadCounter } from "./cluster/read-counter.ts";
import type { Restoring } from "./cluster/restoring.ts";
import type { Spec } from "./cluster/spec.ts";
import type { Workers } from "./cluster/workers.ts";
import type { CurrentZnodes } from "./cluster/znodes.ts";

export interface ApiPorts {
  /** One of several API processes. */
  readonly id: string;
  readonly cluster: string;
  /** That it runs on; undefined where there is only one. */
  readonly host?: string | undefined;
  /** Says who may ask until the controller has spoken. Without one everybody may until then. */
  readonly manifestFile: string | undefined;
  /** In ZooKeeper nobody may ask before the controller has spoken: the file may be older than what it goes by. */
  readonly manifestIn: ManifestIn;
  readonly openBroker: OpenBroker;
  readonly openZnodeSession: OpenZnodeSession;
  /** Why ZooKeeper gives no session, in words; null where that is not known. */
  readonly lackOfZooKeeper?: () => Promise<string | null>;
  readonly clock: Clock;
  /** Another one each time, and in each process. */
  readonly newId: () => string;
  readonly log: Log;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
  /** Where scheduled backups go; undefined where none are taken. */
  readonly backupFolder?: BackupFolder;
}

/** What is known of the cluster, and the count of reads that it is told. */
export interface ClusterParts {
  readonly paths: Paths;
  readonly door: Door;
  readonly spec: Spec;
  /** Fires once the controller has said who may ask. */
  readonly told: AbortSignal;
  readonly znodes: CurrentZnodes;
  readonly workers: Workers;
  readonly restoring: Restoring;
  readonly turn: BackupTurn;
  readonly counter: ReadCounter;
}

/** The way of requests to the queues and of answers back. */
export interface BatchingParts {
  readonly reads: Batcher<PendingRead>;
  readonly writes: Batcher<PendingWrite>;
  readonly answers: Answers;
  readonly broker: Broker;
}
