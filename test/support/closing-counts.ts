// The counts with which the runner closes each lane -> those of all lanes.
import type { TestEvent } from "node:test/reporters";

/** Lanes run side by side: their times are not added up. */
const isTime = (name: string): boolean => name === "duration_ms";

export class ClosingCounts {
  readonly #sums = new Map<string, number>();

  /** @returns whether the event was a closing count, and is in the sum now */
  take({ type, data }: TestEvent): boolean {
    if (type !== "test:diagnostic" || data.nesting !== 0) return false;
    const [, name, number] =
      /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message) ?? [];
    if (name === undefined) return false;
    const before = this.#sums.get(name) ?? 0;
    this.#sums.set(name, isTime(name) ? Math.max(before, Number(number)) : before + Number(number));
    return true;
  }

  events(): readonly TestEvent[] {
    return [...this.#sums].map(([name, sum]) => ({
      type: "test:diagnostic",
      data: { nesting: 0, message: `${name} ${sum}` },
    })) as unknown as readonly TestEvent[];
  }
}
