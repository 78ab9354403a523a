// Docker's events as wake-ups. The stream drops and loses events, so nothing is read from them but that it is time to
// look; a death is only more urgent than the rest.
import { messageOf } from "../../core/errors.ts";
import { sleep } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Engine } from "../ports.ts";

const resubscribe = { firstMs: 200, maxMs: 10_000, steadyAfterMs: 10_000 } as const;

export type Wake = (urgency?: "urgent") => void;

export async function followEvents(
  engine: Pick<Engine, "watch">,
  wake: Wake,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs: number = resubscribe.firstMs;
  while (!signal.aborted) {
    const sinceMs = performance.now();
    let why = "the stream ended";
    try {
      await engine.watch(({ action }) => wake(action === "die" ? "urgent" : undefined), signal);
    } catch (error) {
      why = messageOf(error);
    }
    if (signal.aborted) return;
    if (performance.now() - sinceMs > resubscribe.steadyAfterMs) pauseMs = resubscribe.firstMs;
    log.warn(
      { cycle: { why, pauseMs } },
      `lost Docker's events (${why}), subscribing again in ${pauseMs} ms`,
    );
    await sleep(pauseMs, signal);
    pauseMs = Math.min(resubscribe.maxMs, pauseMs * 2);
    // Whatever happened in between was not told.
    wake();
  }
}
