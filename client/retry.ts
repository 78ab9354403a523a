// PURE: whether and when to ask again.

const firstPauseMs = 50;
const longestPauseMs = 2_000;
/** What says "not now": too many requests, or no answer in time, which a failover also looks like. */
const passing: readonly number[] = [429, 502, 503, 504];

export const isPassing = (status: number): boolean => passing.includes(status);

export interface Attempt {
  /** Counted from 1. */
  readonly number: number;
  /** What the answer said in `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  readonly leftMs: number;
  /** From 0 to 1, so that clients which failed together do not come back together. */
  readonly chance: number;
}

/** @returns undefined when there is no time left for another attempt */
export function pauseBefore({ number, retryAfterMs, leftMs, chance }: Attempt): number | undefined {
  const growing = Math.min(longestPauseMs, firstPauseMs * 2 ** (number - 1)) * (0.5 + chance / 2);
  // The service says whole seconds; after a failover it is back much sooner, and asking early costs it little.
  const pauseMs = number <= 3 ? growing : Math.max(growing, retryAfterMs ?? 0);
  return pauseMs < leftMs ? pauseMs : undefined;
}

export function retryAfterMs(header: string | null): number | undefined {
  const seconds = header === null ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
