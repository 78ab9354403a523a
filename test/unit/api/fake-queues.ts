// As much of a broker as a backup needs.
import {
  type BrokerConnection,
  type Delivery,
  type PublishOptions,
  RefusedMessageError,
} from "../../../platform/rabbitmq/port.ts";

/** Queues with consumers; each has so many unacknowledged messages at most, and the bounded ones refuse what is beyond. */
export class FakeQueues {
  readonly ending = new AbortController();
  readonly #waiting = new Map<string, Delivery[]>();
  readonly #most = new Map<string, number>();
  readonly #consumers = new Map<string, { free: number; readonly take: (delivery: Delivery) => void }>();
  /** The most that ever waited in one queue. */
  longest = 0;

  get connection(): BrokerConnection {
    return this as unknown as BrokerConnection;
  }

  readonly ended = this.ending.signal;

  async declareTemporary(name = "reply", messagesMax = Number.POSITIVE_INFINITY): Promise<string> {
    const queue = name === "" ? "reply" : name;
    this.#waiting.set(queue, []);
    this.#most.set(queue, messagesMax);
    return queue;
  }

  async publish(queue: string, content: Buffer, { replyTo = "" }: PublishOptions = {}): Promise<void> {
    const waiting = this.#waiting.get(queue);
    if (waiting === undefined) throw new Error(`no queue ${queue}`);
    if (waiting.length >= (this.#most.get(queue) ?? 0)) throw new RefusedMessageError("full");
    const ack = () => {
      const consumer = this.#consumers.get(queue);
      if (consumer !== undefined) consumer.free += 1;
      this.#deliver(queue);
    };
    waiting.push({ content, replyTo, ack } as unknown as Delivery);
    this.longest = Math.max(this.longest, waiting.length);
    this.#deliver(queue);
  }

  async consume(
    queue: string,
    { prefetch }: { readonly prefetch: number },
    take: (delivery: Delivery) => void,
  ) {
    this.#consumers.set(queue, { free: prefetch, take });
    const close = async () => {
      this.#consumers.delete(queue);
      this.#waiting.delete(queue);
    };
    return { cancel: close, close };
  }

  #deliver(queue: string): void {
    const consumer = this.#consumers.get(queue);
    for (;;) {
      if (consumer === undefined || consumer.free === 0) return;
      const delivery = this.#waiting.get(queue)?.shift();
      if (delivery === undefined) return;
      consumer.free -= 1;
      consumer.take(delivery);
    }
  }
}
