// Whether the broker is still there. Heartbeats notice a cut connection only after two to three of them; a question each half
// second notices it within 3.5 s. Part of platform/rabbitmq/rabbit.ts, which owns the connection.
import { TransientError } from "../../core/errors.ts";

const ping = { everyMs: 500, withinMs: 3_000, withTrafficWithinMs: 30_000 } as const;

export interface Link {
  readonly ended: AbortSignal;
  /** A broker short of memory does not read from those who publish: it is there, it only says nothing. */
  readonly blocked: () => boolean;
  /** A question that costs the broker nothing. It waits behind all that was sent before. */
  readonly ask: () => Promise<unknown>;
  /**
   * Changes whenever bytes that were waiting leave: a question behind large messages has an answer only after them, and until
   * then it is their leaving that shows that the broker is there.
   */
  readonly traffic: () => number;
  readonly onSilence: (error: Error) => void;
}

/** Asks until the link has ended. */
export function watchLink({ ended, blocked, ask, traffic, onSilence }: Link): void {
  /** How long the question has waited, and how long nothing has left meanwhile. */
  let asked: { waitedMs: number; silentMs: number; traffic: number } | undefined;
  const timer = setInterval(() => {
    if (asked === undefined) {
      if (blocked()) return;
      const question = { waitedMs: 0, silentMs: 0, traffic: traffic() };
      asked = question;
      ask().then(
        () => {
          asked = undefined;
        },
        (error: unknown) => onSilence(error instanceof Error ? error : new Error(String(error))),
      );
      return;
    }
    if (blocked()) {
      asked = { waitedMs: 0, silentMs: 0, traffic: traffic() };
      return;
    }
    const seen = traffic();
    asked.waitedMs += ping.everyMs;
    asked.silentMs = seen === asked.traffic ? asked.silentMs + ping.everyMs : 0;
    asked.traffic = seen;
    if (asked.silentMs >= ping.withinMs || asked.waitedMs >= ping.withTrafficWithinMs)
      onSilence(new TransientError(`ask RabbitMQ for a sign of life: no answer within ${asked.waitedMs} ms`));
  }, ping.everyMs);
  ended.addEventListener("abort", () => clearInterval(timer), { once: true });
}
