// Wake-ups and a timer -> one cycle at a time. However many wake-ups come during a cycle, exactly one cycle follows.
import PQueue from "p-queue";
import type { Cancel, Clock } from "../../platform/process/clock.ts";
import { aborted } from "../../platform/process/waiting.ts";

export class Loop {
  readonly #cycle: () => Promise<number>;
  readonly #signal: AbortSignal;
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #clock: Clock;
  #cancelNext: Cancel | undefined;
  #urgent = false;

  /** @param cycle never throws; answers in how many ms the next is due at the latest */
  constructor(cycle: () => Promise<number>, clock: Clock, signal: AbortSignal) {
    this.#cycle = cycle;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** "urgent" also cuts a running cycle short after the action it is at: somebody died. */
  wake(urgency?: "urgent"): void {
    if (this.#signal.aborted) return;
    if (urgency === "urgent") this.#urgent = true;
    if (this.#queue.size === 0) void this.#queue.add(() => this.#run());
  }

  get interrupted(): boolean {
    return this.#urgent || this.#signal.aborted;
  }

  /** Returns when the signal has fired and the last cycle has ended. */
  async run(): Promise<void> {
    this.wake();
    await aborted(this.#signal);
    this.#cancelNext?.();
    this.#queue.clear();
    await this.#queue.onIdle();
  }

  async #run(): Promise<void> {
    this.#cancelNext?.();
    this.#urgent = false;
    if (this.#signal.aborted) return;
    const nextInMs = await this.#cycle();
    if (!this.#signal.aborted) this.#cancelNext = this.#clock.after(nextInMs, () => this.wake());
  }
}
