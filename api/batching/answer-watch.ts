// Whether answers still find their way. A broker can take another one for dead that is not, where only these two do not hear each other,
// and strike the queues of that one from the tables of a third: the queue of an API's answers as well. What workers publish at the third
// is dropped then, and nobody is told. Only silence shows it. The next connection has a queue of its own, and all that waits is asked for
// again over it.
import { TransientError } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { limits } from "../limits.ts";

const lookEveryMs = 500;
const doublingsMax = 3;

/** See Batcher. */
export interface Asked {
  readonly unansweredMs: number;
  readonly heardAtMs: number;
}

export class AnswerWatch {
  readonly #asked: Asked;
  readonly #isServed: () => boolean;
  readonly #clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** Connections in a row over which nothing came: then something else is amiss, and they last longer. */
  #unheard = 0;

  /** @param isServed whether anybody is there who should answer */
  constructor(asked: Asked, isServed: () => boolean, clock: Pick<Clock, "sleep" | "monotonicMs">) {
    this.#asked = asked;
    this.#isServed = isServed;
    this.#clock = clock;
  }

  /**
   * To be called for each connection once it is in use. Returns with the scope.
   * @throws TransientError when it is time for another one
   */
  async leave(scope: AbortSignal): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    let servedSinceMs = this.#isServed() ? startedAtMs : undefined;
    for (;;) {
      await this.#clock.sleep(lookEveryMs, scope);
      if (scope.aborted) return;
      const nowMs = this.#clock.monotonicMs();
      if (this.#asked.heardAtMs > startedAtMs) this.#unheard = 0;
      servedSinceMs = this.#isServed() ? (servedSinceMs ?? nowMs) : undefined;
      const servedMs = servedSinceMs === undefined ? 0 : nowMs - servedSinceMs;
      const silentMs = Math.min(servedMs, this.#asked.unansweredMs);
      if (silentMs < limits.unansweredMs * 2 ** Math.min(this.#unheard, doublingsMax)) continue;
      this.#unheard += 1;
      throw new TransientError(`no answer has come over it for ${Math.round(silentMs / 1_000)} s`);
    }
  }
}
