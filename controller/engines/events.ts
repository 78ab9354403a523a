// An engine's events as wake-ups. The stream drops and loses events, so nothing is read from them but that it is time to
// look; a death is only more urgent than the rest.
import { messageOf, TransientError } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../../platform/process/retry.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Engine } from "../ports.ts";

const policy: RetryPolicy = { firstMs: 200, maxMs: 10_000, healthyAfterMs: 10_000 };

export type Wake = (urgency?: "urgent") => void;

/** Returns when the signal has fired. */
export async function watchEvents(
  engine: Pick<Engine, "watch">,
  wake: Wake,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  let subscriptions = 0;
  const attempt = async () => {
    subscriptions += 1;
    // What happened between two subscriptions was not told.
    if (subscriptions > 1) wake();
    await engine.watch((event) => wake(event === "death" ? "urgent" : undefined), signal);
    throw new TransientError("the stream ended");
  };
  const onFailure = ({ error, delayMs }: { readonly error: unknown; readonly delayMs: number }) =>
    log.warn({ reason: messageOf(error), waitMs: delayMs }, "lost the engine's events, subscribing again");
  await retry({ policy, clock, attempt, onFailure }, signal);
}
