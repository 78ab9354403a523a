// How many messages wait in each queue. The broker is asked at most once a second, and only on request.

import type { QueueDepths } from "../../core/state/stats.ts";
import type { Clock } from "../../platform/process/clock.ts";

const askEveryMs = 900;

export class Depths {
  readonly #ask: () => Promise<QueueDepths | null>;
  readonly #clock: Clock;
  #asked: Promise<QueueDepths | null> | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ask: () => Promise<QueueDepths | null>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Null when the broker cannot say. */
  readonly now = (): Promise<QueueDepths | null> => {
    const nowMs = this.#clock.monotonicMs();
    if (this.#asked !== null && nowMs - this.#askedAtMs < askEveryMs) return this.#asked;
    this.#askedAtMs = nowMs;
    this.#asked = this.#ask().catch(() => null);
    return this.#asked;
  };
}
