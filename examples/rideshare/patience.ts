// Outlasting a failover: an exchange is repeated until somebody gives a real answer or the request's time is up.
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpAnswer } from "./http-client.ts";
import { limits } from "./limits.ts";

/** Nobody who could answer was reached in time. What was asked for may or may not have happened. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** The moment by which the client of the current request has its answer. Unix ms. */
export type Deadline = number;

/** These come from a load balancer or a service whose own backing is away; every other status is a real answer. */
const nobodyAnswered: ReadonlySet<number> = new Set([502, 503, 504]);

/** PURE: doubles from try to try. The answer's Retry-After is not waited for: a failover is over in less than a second. */
export const retryDelayMs = (attempt: number): number =>
  Math.min(limits.retryDelayMsMax, limits.retryDelayMsMin * 2 ** Math.min(attempt, 20));

/**
 * `attempt` must be safe to repeat: a read, or a write under an idempotency key.
 * @throws Unavailable when the deadline passes first
 */
export async function untilAnswered(
  deadline: Deadline,
  attempt: (timeoutMs: number) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  let lastFailure: unknown;
  for (let tries = 0; ; tries++) {
    const remainingMs = deadline - Date.now();
    if (remainingMs <= 0) throw new Unavailable("no answer in time", { cause: lastFailure });
    try {
      const answer = await attempt(Math.min(limits.attemptMs, remainingMs));
      if (!nobodyAnswered.has(answer.status)) return answer;
      lastFailure = new Error(`status ${answer.status}: ${answer.text.slice(0, 200)}`);
    } catch (error) {
      lastFailure = error;
    }
    await sleep(Math.max(0, Math.min(retryDelayMs(tries), deadline - Date.now())));
  }
}
