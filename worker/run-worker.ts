// The worker as one value: sessions, one after the other, until it is drained or told to stop. Master and slave are this one
// program; which of the two it is, its sessions decide. main.ts hands it the real world, tests and the simulation another one.
import { messageOf } from "../core/errors.ts";
import { type RetryPolicy, retry } from "../platform/process/retry.ts";
import { Homeward } from "../platform/rabbitmq/homeward.ts";
import { runSession } from "./session.ts";
import { KnownSpec } from "./spec.ts";
import type { Kept, WorkerPorts } from "./worker-ports.ts";

const policy: RetryPolicy = { firstMs: 100, maxMs: 1_000, healthyAfterMs: 10_000 };

/** Returns when the worker is drained, or has stopped after the signal. */
export async function runWorker(ports: WorkerPorts, stop: AbortSignal): Promise<void> {
  const { clock, log } = ports;
  const kept: Kept = {
    spec: new KnownSpec(clock),
    homeward: new Homeward(clock),
    gap: undefined,
    vouchedUnder: null,
  };
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
