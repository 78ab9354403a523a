// Messages whose publisher wants to know that the broker has them. Part of platform/rabbitmq/rabbit.ts, which owns the channels.
import { TransientError } from "../../core/errors.ts";
import { queues } from "../../core/messages/queues.ts";
import { within } from "../process/waiting.ts";
import { RefusedMessageError } from "./port.ts";

const confirmWithinMs = 10_000;

/** A channel on which the broker confirms what it has taken. */
interface Channel<P> {
  sendToQueue(
    queue: string,
    content: Buffer,
    properties: P & { readonly messageId: string; readonly mandatory: true },
    settled: (error: unknown) => void,
  ): boolean;
  on(
    event: "return",
    listener: (message: { readonly properties: { readonly messageId?: unknown } }) => void,
  ): void;
}

class Confirms<P extends object> {
  readonly #channel: Channel<P>;
  readonly #returned = new Set<string>();
  readonly #unconfirmed = new Set<(reason: Error) => void>();
  #messages = 0;

  constructor(channel: Channel<P>) {
    this.#channel = channel;
    channel.on("return", ({ properties }) => this.#returned.add(String(properties.messageId)));
  }

  /**
   * Resolves once the broker has taken the message.
   * @throws RefusedMessageError when the queue is full
   * @throws TransientError when there is no such queue, or the broker does not say in time: its fate is then unknown
   */
  publish(queue: string, content: Buffer, properties: P): Promise<void> {
    this.#messages += 1;
    const messageId = String(this.#messages);
    const confirmed = new Promise<void>((resolve, reject) => {
      // The client says nothing about what was on its way when the connection went silent.
      this.#unconfirmed.add(reject);
      this.#channel.sendToQueue(queue, content, { ...properties, messageId, mandatory: true }, (error) => {
        this.#unconfirmed.delete(reject);
        if (error) reject(new RefusedMessageError(`publish to ${queue}: refused`, { cause: error }));
        else if (this.#returned.delete(messageId))
          reject(new TransientError(`publish to ${queue}: there is no such queue`));
        else resolve();
      });
    });
    return within(confirmed, confirmWithinMs, `publish to ${queue}`);
  }

  /** The connection is gone: what was not confirmed has an unknown fate. */
  end(reason: Error): void {
    for (const reject of this.#unconfirmed) reject(reason);
    this.#unconfirmed.clear();
  }
}

/**
 * The log has a channel of its own. What a stream's leader had not confirmed when its host was lost, RabbitMQ before 4.0 sends to the next
 * leader under the message's number on the channel instead of its number in the stream. Where the two differ, because something
 * else was published on that channel, the records that follow are confirmed and not appended.
 */
export class Publisher<P extends object> {
  readonly #log: Confirms<P>;
  readonly #others: Confirms<P>;

  constructor(channels: { readonly log: Channel<P>; readonly others: Channel<P> }) {
    this.#log = new Confirms(channels.log);
    this.#others = new Confirms(channels.others);
  }

  /** As `Confirms` does. */
  publish(queue: string, content: Buffer, properties: P): Promise<void> {
    const confirms = queue === queues.sync ? this.#log : this.#others;
    return confirms.publish(queue, content, properties);
  }

  end(reason: Error): void {
    this.#log.end(reason);
    this.#others.end(reason);
  }
}
