// The worker as one value: sessions, one after the other, until it is drained or told to stop. Master and slave are this one
// program; which of the two it is, its sessions decide. main.ts hands it the real world, tests and the simulation another one.
import { messageOf } from "../core/errors.ts";
import type { Paths } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../platform/process/retry.ts";
import type { OpenBroker } from "../platform/rabbitmq/port.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import type { OpenZnodeSession } from "../platform/zookeeper/port.ts";
import type { GapError } from "./copy/log-reader.ts";
import type { Remembered } from "./lead/standing.ts";
import type { Measures } from "./measures.ts";
import { runSession } from "./session.ts";
import { KnownSpec } from "./spec.ts";

export interface WorkerPorts {
  readonly name: string;
  /** The id of its container, as the container knows it. */
  readonly container: string;
  /** Its disk: where its copy of the database lies. */
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
  /** Why the last session could not read the log. */
  gap: GapError | undefined;
}

const policy: RetryPolicy = { firstMs: 100, maxMs: 1_000, healthyAfterMs: 10_000 };

/** Returns when the worker is drained, or has stopped after the signal. */
export async function runWorker(ports: WorkerPorts, stop: AbortSignal): Promise<void> {
  const { clock, log } = ports;
  const kept: Kept = { spec: new KnownSpec(clock), gap: undefined, vouchedUnder: null };
  await retry(
    {
      policy,
      clock,
      attempt: () => runSession(ports, kept, stop),
      onFailure: ({ error, delayMs: waitMs }) =>
        log.warn({ reason: messageOf(error), waitMs }, "session over, starting a new one"),
    },
    stop,
  );
}
