// PURE but for its own state. What was done to which host and when: a request to a host that nothing was done to must be answered.

/** away: neither reached nor running. disturbed: its API may break off or be late, the host itself is there. */
export type Disturbance = "away" | "disturbed";

interface Disturbed {
  readonly host: number;
  readonly how: Disturbance;
  readonly fromMs: number;
  untilMs: number;
}

export class Disturbances {
  readonly #nowMs: () => number;
  readonly #all: Disturbed[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @returns what ends it */
  begin(host: number, how: Disturbance): () => void {
    const one: Disturbed = { host, how, fromMs: this.#nowMs(), untilMs: Number.POSITIVE_INFINITY };
    this.#all.push(one);
    return () => {
      one.untilMs = Math.min(one.untilMs, this.#nowMs());
    };
  }

  isAway(host: number): boolean {
    return this.#all.some((one) => one.host === host && one.how === "away" && one.untilMs > this.#nowMs());
  }

  /** Whether anything was done to the host at any time from then until now. */
  touchedSince(host: number, fromMs: number): boolean {
    return this.#all.some((one) => one.host === host && one.untilMs >= fromMs);
  }
}
