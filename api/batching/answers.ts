// responseQ -> the batch whose requests wait. An answer nobody waits for is ordinary: its request was sent twice, its
// time was up, or an earlier life of this process had asked.
import { messageOf } from "../../core/errors.ts";
import { type DecodedAnswer, decodeAnswers } from "../../core/messages/queues.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";

export interface Receiver {
  accept(id: string, worker: string, answers: readonly DecodedAnswer[]): boolean;
}

export class Answers {
  /** Batches of answers that nobody waited for. */
  dropped = 0;
  readonly #receivers: readonly Receiver[];
  readonly #log: Log;

  constructor(receivers: readonly Receiver[], log: Log) {
    this.#receivers = receivers;
    this.#log = log;
  }

  readonly receive = ({ content, correlationId }: Pick<Delivery, "content" | "correlationId">): void => {
    try {
      const { worker, answers } = decodeAnswers(content);
      for (const receiver of this.#receivers) if (receiver.accept(correlationId, worker, answers)) return;
      this.dropped += 1;
    } catch (error) {
      this.#log.error({ correlationId, error: messageOf(error) }, "dropped an answer that cannot be read");
    }
  };
}
