// Time as an argument. Programs ask a clock, so that a stepped clock of the machine changes no decision, and so that a test or the
// simulation lets time pass as it likes.
import { after, sleep } from "./waiting.ts";

export interface Clock {
  /** Unix ms, counted on from the process's start: a stepped clock makes nothing look old or young. */
  now(): number;
  /** Unix ms by the machine's clock as it stands: to be told, and to be compared with what other programs have told. */
  wallMs(): number;
  /** Ms since an arbitrary moment, never going back. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal fires: callers look at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs once after `ms`. @returns what prevents that */
  after(ms: number, run: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep,
  after,
};

/** Runs again and again, each time `ms` after the last run, until it is cancelled. */
export function every(clock: Pick<Clock, "after">, ms: number, run: () => void): Cancel {
  let cancel = clock.after(ms, function tick() {
    // Before the run, which may cancel it.
    cancel = clock.after(ms, tick);
    run();
  });
  return () => cancel();
}
