// PURE: how long the supervisor waits before it starts a fallen child again. A child that had lived well is started at
// once; one that falls right after its start waits longer each time, so that a broken one cannot eat the machine.

export interface BackOff {
  /** Falls in a row, each soon after its start. 0 while the child is doing well. */
  readonly earlyFalls: number;
}

export interface Restart {
  readonly backOff: BackOff;
  readonly delayMs: number;
}

export const freshBackOff: BackOff = { earlyFalls: 0 };

/** A life of this length counts as healthy: whatever ended it says nothing about the next start. */
export const healthyLifeMs = 10_000;
export const firstDelayMs = 100;
export const longestDelayMs = 5_000;

export function afterFall(before: BackOff, livedMs: number): Restart {
  if (livedMs >= healthyLifeMs) return { backOff: freshBackOff, delayMs: 0 };
  const delayMs = Math.min(firstDelayMs * 2 ** before.earlyFalls, longestDelayMs);
  return { backOff: { earlyFalls: before.earlyFalls + 1 }, delayMs };
}
