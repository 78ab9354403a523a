// The counts with which the runner closes each process -> those of all.
import type { TestEvent } from "node:test/reporters";

export class ClosingCounts {
  readonly #sums = new Map<string, number>();

  /** @returns whether the event was a closing count, and is in the sum now */
  take({ type, data }: TestEvent): boolean {
    if (type !== "test:diagnostic" || data.nesting !== 0) return false;
    const [, name, number] =
      /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message) ?? [];
    if (name === undefined) return false;
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + Number(number));
    return true;
  }

  /** @param tookMs of all together: they run side by side, so that their times are not added up */
  events(tookMs: number): readonly TestEvent[] {
    return [...this.#sums].map(([name, sum]) => ({
      type: "test:diagnostic",
      data: { nesting: 0, message: `${name} ${name === "duration_ms" ? tookMs : sum}` },
    })) as unknown as readonly TestEvent[];
  }
}
