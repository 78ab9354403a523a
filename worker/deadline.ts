// Work with an end: after a time, when one of the scopes around it ends, or when it is given up.
import { TransientError } from "../core/errors.ts";
import type { Clock } from "../platform/process/clock.ts";

/** Runs `work` with a signal that fires after `ms`, with any of `scopes`, or by `giveUp`; then lets go of all of them. */
export async function bounded<T>(
  time: Clock,
  ms: number,
  scopes: readonly AbortSignal[],
  work: (signal: AbortSignal, giveUp: (reason: unknown) => void) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const released = new AbortController();
  const giveUp = (reason: unknown) => ending.abort(reason);
  for (const scope of scopes) {
    if (scope.aborted) giveUp(scope.reason);
    scope.addEventListener("abort", () => giveUp(scope.reason), { once: true, signal: released.signal });
  }
  void time.sleep(ms, released.signal).then(() => {
    if (!released.signal.aborted) giveUp(new TransientError(`no answer within ${ms} ms`));
  });
  try {
    return await work(ending.signal, giveUp);
  } finally {
    released.abort("released");
  }
}
