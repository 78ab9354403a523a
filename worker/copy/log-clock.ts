// PURE but for the process's own time. Log time: ms that masters have led, one after the other, as far as it is known. A
// master takes it up where the newest key of its copy stands and counts on by its own monotonic clock, so a clock that is
// wrong on one machine, or set, makes no key older. It stands still while there is no master: keys live longer then.
import type { Clock } from "../../platform/process/clock.ts";

export function logClock(newestKeyMs: number, time: Pick<Clock, "now">): () => number {
  const startedAtMs = time.now();
  return () => newestKeyMs + Math.max(0, time.now() - startedAtMs);
}
