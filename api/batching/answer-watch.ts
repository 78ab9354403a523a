// Whether answers still find their way. A broker can take another one for dead that is not, where only these two do not hear each other,
// and strike that one's queues from the tables of a third: the queue of an API's answers as well. What workers publish at the third
// is dropped then, and nobody is told. Who waits too long therefore asks the brokers themselves. Over the next connection, whose queue all
// of them are told of anew, whatever waits is asked for again.
import { TransientError } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import { limits } from "../limits.ts";

const lookEveryMs = 500;
const doublingsMax = 3;

/** See Batcher. */
export interface Asked {
  readonly unansweredMs: number;
}

export class AnswerWatch {
  readonly #asked: readonly Asked[];
  readonly #clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** How often the brokers were asked since all was answered last: what takes long for another reason is not asked about all the time. */
  #questions = 0;

  constructor(asked: readonly Asked[], clock: Pick<Clock, "sleep" | "monotonicMs">) {
    this.#asked = asked;
    this.#clock = clock;
  }

  /**
   * To be called for each connection once it is in use. Returns with the scope.
   * @throws TransientError when one of the brokers does not know the queue any more
   */
  async leave(
    broker: Pick<BrokerConnection, "isKnownEverywhere">,
    queue: string,
    scope: AbortSignal,
  ): Promise<void> {
    const startedAtMs = this.#clock.monotonicMs();
    let lastAtMs = startedAtMs;
    for (;;) {
      await this.#clock.sleep(lookEveryMs, scope);
      if (scope.aborted) return;
      const nowMs = this.#clock.monotonicMs();
      if (this.#asked.every(({ unansweredMs }) => unansweredMs < limits.unansweredMs)) {
        // Over a younger one nothing can have waited for so long yet.
        if (nowMs - startedAtMs > 2 * limits.unansweredMs) this.#questions = 0;
        continue;
      }
      if (nowMs - lastAtMs < limits.unansweredMs * 2 ** Math.min(this.#questions, doublingsMax)) continue;
      this.#questions += 1;
      if (!(await broker.isKnownEverywhere(queue)))
        throw new TransientError("a broker does not know the queue of answers any more");
      lastAtMs = this.#clock.monotonicMs();
    }
  }
}
