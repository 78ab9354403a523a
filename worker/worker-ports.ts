// What the worker needs of the world around it, and what it keeps from one session to the next.
import type { Paths } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import type { Homeward } from "../platform/rabbitmq/homeward.ts";
import type { BrokerConnection, OpenBroker } from "../platform/rabbitmq/port.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import type { OpenZnodeSession, ZnodeSession } from "../platform/zookeeper/port.ts";
import type { GapError } from "./copy/log-reader.ts";
import type { Disk } from "./disk.ts";
import type { SeenMemory } from "./lead/seen-memory.ts";
import type { Remembered } from "./lead/standing.ts";
import type { Measures } from "./measures.ts";
import type { KnownSpec } from "./spec.ts";

/** What a session stands on. */
export interface Connections {
  readonly broker: BrokerConnection;
  readonly znodes: ZnodeSession;
  readonly memory: SeenMemory;
}

export interface WorkerPorts {
  readonly name: string;
  /** The id of its container, as the container knows it. */
  readonly container: string;
  /** Where the container is; undefined where nobody says it. */
  readonly host: string | undefined;
  /** Ends this process, as if it had been sent the signal. */
  readonly end: (signal: "SIGKILL" | "SIGTERM") => void;
  readonly disk: Disk;
  /** Where its copy of the database lies on it. */
  readonly directory: string;
  readonly paths: Paths;
  readonly openBroker: OpenBroker;
  readonly openZnodeSession: OpenZnodeSession;
  readonly clock: Clock;
  /** Another one each time, and in each process. */
  readonly newId: () => string;
  readonly log: Log;
  /** What this process has done since it started. */
  readonly measures: Measures;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
}

/** What a worker process keeps from one session to the next. */
export interface Kept extends Remembered {
  readonly spec: KnownSpec;
  readonly homeward: Homeward;
  /** Why the last session could not read the log. */
  gap: GapError | undefined;
}
