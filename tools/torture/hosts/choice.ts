// PURE but for its own state. Which of several APIs a client asks next: the one it prefers, and while that one failed lately, those
// after it.

/** After that a client tries the one that it prefers again. */
const avoidedMs = 2_000;

export class Choice {
  readonly #order: readonly number[];
  readonly #nowMs: () => number;
  readonly #failedAtMs = new Map<number, number>();

  constructor(all: readonly number[], preferred: number, nowMs: () => number) {
    const first = Math.max(0, all.indexOf(preferred));
    this.#order = [...all.slice(first), ...all.slice(0, first)];
    this.#nowMs = nowMs;
  }

  /** When all failed lately, the one whose failure is the longest ago. */
  next(): number {
    const isAvoided = (one: number): boolean => this.#nowMs() - this.#failed(one) < avoidedMs;
    const free = this.#order.find((one) => !isAvoided(one));
    const [oldest] = this.#order.toSorted((a, b) => this.#failed(a) - this.#failed(b));
    const chosen = free ?? oldest;
    if (chosen === undefined) throw new Error("there is no API to ask");
    return chosen;
  }

  failed(one: number): void {
    this.#failedAtMs.set(one, this.#nowMs());
  }

  #failed(one: number): number {
    return this.#failedAtMs.get(one) ?? Number.NEGATIVE_INFINITY;
  }
}
