// The controller as one value: makes what is match what the manifest asks for, session after session, until it is told to stop.
// main.ts hands it the real world, tests and the simulation another one.
import { messageOf } from "../core/errors.ts";
import { type RetryPolicy, retry } from "../platform/process/retry.ts";
import type { ControllerPorts } from "./controller-ports.ts";
import { runSession } from "./session.ts";

const policy: RetryPolicy = { firstMs: 250, maxMs: 10_000, healthyAfterMs: 30_000 };

/** Returns when it has stopped after the signal. */
export async function runController(ports: ControllerPorts, stop: AbortSignal): Promise<void> {
  const { clock, log } = ports;
  await retry(
    {
      policy,
      clock,
      attempt: () => runSession(ports, stop),
      onFailure: ({ error, delayMs: waitMs }) =>
        log.warn({ reason: messageOf(error), waitMs }, "session over, starting a new one"),
    },
    stop,
  );
}
