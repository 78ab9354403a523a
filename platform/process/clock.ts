// Time as an argument: wall time to tell people, monotonic time to measure, so that a stepped clock changes no decision.

export interface Clock {
  /** Unix ms. */
  now(): number;
  /** Ms since an arbitrary moment, never going back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};
