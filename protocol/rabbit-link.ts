// Whether the broker is still there. Heartbeats notice a cut connection only after two to three of them; a question a
// second notices it sooner. Part of protocol/rabbit.ts, which owns the connection.
import { within } from "./waiting.ts";

const ping = { everyMs: 1_000, withinMs: 3_000 } as const;

export interface Link {
  readonly ended: AbortSignal;
  /** A broker short of memory does not read from those who publish: it is there, it only says nothing. */
  readonly blocked: () => boolean;
  /** A question that costs the broker nothing. */
  readonly ask: () => Promise<unknown>;
  readonly onSilence: (error: Error) => void;
}

/** Asks until the link has ended. */
export function watchLink({ ended, blocked, ask, onSilence }: Link): void {
  let asking = false;
  const timer = setInterval(async () => {
    if (asking || blocked()) return;
    asking = true;
    try {
      await within(ask(), ping.withinMs, "ask RabbitMQ for a sign of life");
    } catch (error) {
      onSilence(error instanceof Error ? error : new Error(String(error)));
    }
    asking = false;
  }, ping.everyMs);
  ended.addEventListener("abort", () => clearInterval(timer), { once: true });
}
