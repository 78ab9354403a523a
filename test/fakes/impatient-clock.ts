// A clock on which no time passes: waiting ends at once and is only noted.
import { type Clock, systemClock } from "../../platform/process/clock.ts";

/** What was waited for, in ms, and an end to it: `signal` fires at the wait with this number. */
export function impatientClock(waits: number) {
  const stop = new AbortController();
  const slept: number[] = [];
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => 0,
    sleep: async (ms) => {
      slept.push(ms);
      if (slept.length === waits) stop.abort();
    },
  };
  return { clock, slept, signal: stop.signal };
}
