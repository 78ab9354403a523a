// When what failed is tried again: the one policy of all programs. What fails in a row waits longer each time, up to a bound;
// what ran well for a while is tried again at once; what only an operator can settle is looked at rarely.
import { TerminalError } from "../../core/errors.ts";
import { type BackOff, backOffMs } from "./back-off.ts";
import type { Clock } from "./clock.ts";

export interface RetryPolicy extends BackOff {
  /** What ran for so long was healthy: its end says nothing about the next attempt. */
  readonly healthyAfterMs: number;
}

/** Until a TerminalError is looked at again. */
export const terminalDelayMs = 15_000;

export interface Ended {
  readonly error: unknown;
  readonly ranMs: number;
}

export interface Next {
  readonly failuresInARow: number;
  readonly delayMs: number;
}

/** What follows an attempt that ended, after so many failures in a row before it. */
export function nextAttempt(policy: RetryPolicy, failuresBefore: number, { error, ranMs }: Ended): Next {
  const failuresInARow = ranMs >= policy.healthyAfterMs ? 0 : failuresBefore + 1;
  const delayMs = error instanceof TerminalError ? terminalDelayMs : backOffMs(policy, failuresInARow);
  return { failuresInARow, delayMs };
}

export interface Retrying {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Returns when there is nothing more to do; what it throws is why it is tried again. */
  readonly attempt: () => Promise<void>;
  readonly onFailure: (ended: Ended & Next) => void;
}

/** Returns when an attempt has returned, or when the signal has fired and the last attempt is over. */
export async function retry(
  { policy, clock, attempt, onFailure }: Retrying,
  signal: AbortSignal,
): Promise<void> {
  let failuresInARow = 0;
  while (!signal.aborted) {
    const startedAtMs = clock.monotonicMs();
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return;
      const ended = { error, ranMs: clock.monotonicMs() - startedAtMs };
      const next = nextAttempt(policy, failuresInARow, ended);
      failuresInARow = next.failuresInARow;
      onFailure({ ...ended, ...next });
      await clock.sleep(next.delayMs, signal);
    }
  }
}
