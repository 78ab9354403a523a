// One connection to RabbitMQ after the other: both batchers get their queue, and answers come in from responseQ. An answer that no
// request waits for is ordinary: its request was sent twice, its time was up, or an earlier process had asked.
import { messageOf } from "../../core/errors.ts";
import { type DecodedAnswer, decodeAnswers, queues } from "../../core/messages/queues.ts";
import type { QueueDepths } from "../../core/state/stats.ts";
import type { BrokerConnection, Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Line } from "./sender.ts";

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

export interface BrokerUsers {
  readonly reads: { connect(line: Line): void };
  readonly writes: { connect(line: Line): void };
  readonly answers: Answers;
}

const suffixLength = 8;
export const firstApiId = "api-0";

export class Broker {
  readonly #users: BrokerUsers;
  readonly #apiId: string;
  readonly #newId: () => string;
  #rabbit: BrokerConnection | undefined;
  #replyTo: string = queues.response;

  constructor(users: BrokerUsers, { id, newId }: { readonly id: string; readonly newId: () => string }) {
    this.#users = users;
    this.#apiId = id;
    this.#newId = newId;
  }

  get connected(): boolean {
    return this.#rabbit !== undefined && !this.#rabbit.ended.aborted && !this.#rabbit.blocked;
  }

  /** For those who ask workers themselves. */
  get connection(): BrokerConnection | undefined {
    return this.connected ? this.#rabbit : undefined;
  }

  /** @returns null without a connection; @throws when a queue is not there yet */
  readonly depths = async (): Promise<QueueDepths | null> => {
    if (this.#rabbit === undefined || this.#rabbit.ended.aborted) return null;
    const [shared, own] = await Promise.all([
      this.#rabbit.depths(["readQ", "writeQ", "syncQ", "deadQ"]),
      this.#rabbit.depths([this.#replyTo]),
    ]);
    return { ...shared, responseQ: own[this.#replyTo] ?? 0 };
  };

  /** @throws TransientError or TerminalError when the queues cannot be had */
  readonly use = async (rabbit: BrokerConnection, scope: AbortSignal): Promise<void> => {
    await rabbit.declareQueues();
    const replyTo = await this.#answerQueue(rabbit);
    // Answers are not acked: one that is lost with the process has nobody left to go to.
    await rabbit.consume(replyTo, { prefetch: 0, noAck: true }, this.#users.answers.receive);
    scope.throwIfAborted();
    this.#rabbit = rabbit;
    this.#replyTo = replyTo;
    this.#users.reads.connect(lineTo(rabbit, queues.read, replyTo));
    this.#users.writes.connect(lineTo(rabbit, queues.write, replyTo));
  };

  /**
   * Each further API process has a queue of its own, or it would take answers that others wait for. Each connection has another
   * one: the broker may not know yet that the last connection is lost, and until it does that queue is taken.
   */
  #answerQueue(rabbit: BrokerConnection): Promise<string> {
    return this.#apiId === firstApiId
      ? Promise.resolve(queues.response)
      : rabbit.declareTemporary(`${queues.response}.${this.#apiId}.${this.#newId().slice(0, suffixLength)}`);
  }
}

const lineTo = (rabbit: BrokerConnection, queue: string, replyTo: string): Line => ({
  ended: rabbit.ended,
  get blocked() {
    return rabbit.blocked;
  },
  publish: (content, options) => rabbit.publish(queue, content, { ...options, replyTo }),
});
