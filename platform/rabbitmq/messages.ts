// Messages on their channels: what the broker is told beside one, whether it has it, and what it tells of one that comes. Part of
// platform/rabbitmq/rabbit.ts, which owns the channels.
import { TransientError } from "../../core/errors.ts";
import { queues } from "../../core/messages/queues.ts";
import { within } from "../process/waiting.ts";
import { type Delivery, type PublishOptions, RefusedMessageError } from "./port.ts";

const confirmWithinMs = 10_000;
/** A queue that takes none of a channel's messages for so long is looked at. */
const refusesForMs = 2_000;

/** What the broker is told beside a message. */
export const propertiesOf = ({
  correlationId,
  replyTo,
  persistent,
  expirationMs,
  traceparent,
}: PublishOptions) => ({
  ...(correlationId === undefined ? {} : { correlationId }),
  ...(replyTo === undefined ? {} : { replyTo }),
  ...(expirationMs === undefined ? {} : { expiration: String(Math.max(0, Math.round(expirationMs))) }),
  ...(traceparent === undefined ? {} : { headers: { traceparent } }),
  persistent: persistent ?? false,
});

/** A channel on which the broker confirms what it has taken. */
interface ConfirmChannel {
  sendToQueue(
    queue: string,
    content: Buffer,
    properties: ReturnType<typeof propertiesOf> & { readonly messageId: string; readonly mandatory: true },
    settled: (error: unknown) => void,
  ): boolean;
  on(
    event: "return",
    listener: (message: { readonly properties: { readonly messageId?: unknown } }) => void,
  ): void;
}

/** What a publisher asks of the connection. */
interface Connection {
  depth(queue: string): Promise<{ readonly messages: number }>;
  /** It is of no use any more. */
  end(error: Error): void;
  readonly monotonicMs?: () => number;
}

class Confirms {
  readonly #channel: ConfirmChannel;
  readonly #connection: Connection;
  /** Since when it has taken no message. */
  readonly #refusing = new Map<string, number>();
  readonly #returned = new Set<string>();
  readonly #unconfirmed = new Set<(reason: Error) => void>();
  #messages = 0;

  constructor(channel: ConfirmChannel, connection: Connection) {
    this.#channel = channel;
    this.#connection = connection;
    channel.on("return", ({ properties }) => this.#returned.add(String(properties.messageId)));
  }

  /**
   * Resolves once the broker has taken the message.
   * @throws RefusedMessageError when the queue is full
   * @throws TransientError when there is no such queue, or the broker does not say in time: its fate is then unknown
   */
  publish(queue: string, content: Buffer, options: PublishOptions): Promise<void> {
    this.#messages += 1;
    const messageId = String(this.#messages);
    const properties = { ...propertiesOf(options), messageId, mandatory: true } as const;
    const confirmed = new Promise<void>((resolve, reject) => {
      // The client says nothing about what was on its way when the connection went silent.
      this.#unconfirmed.add(reject);
      this.#channel.sendToQueue(queue, content, properties, (error) => {
        this.#unconfirmed.delete(reject);
        if (error) {
          this.#refused(queue);
          return reject(new RefusedMessageError(`publish to ${queue}: refused`, { cause: error }));
        }
        if (this.#refusing.size > 0) this.#refusing.delete(queue);
        if (this.#returned.delete(messageId))
          reject(new TransientError(`publish to ${queue}: there is no such queue`));
        else resolve();
      });
    });
    return within(confirmed, confirmWithinMs, `publish to ${queue}`);
  }

  /**
   * A full queue refuses, and one whose leader a channel does not find: a channel that has first published to a quorum queue while the
   * leader was on a host that had just been lost asks that one for ever. Another channel finds it, so the connection is given up.
   */
  #refused(queue: string): void {
    const nowMs = this.#connection.monotonicMs?.() ?? performance.now();
    const sinceMs = this.#refusing.get(queue) ?? nowMs;
    this.#refusing.set(queue, sinceMs);
    if (nowMs - sinceMs < refusesForMs) return;
    this.#refusing.delete(queue);
    const looked = this.#connection.depth(queue).then(({ messages }) => {
      if (messages === 0)
        this.#connection.end(new Error(`${queue} is empty, and takes no message on this connection`));
    });
    // What ended meanwhile needs no end.
    looked.catch(() => undefined);
  }

  /** The connection is gone: what was not confirmed has an unknown fate. */
  end(reason: Error): void {
    for (const reject of this.#unconfirmed) reject(reason);
    this.#unconfirmed.clear();
  }
}

/**
 * Of messages whose publisher wants to know that the broker has them. The log has a channel of its own. What a stream's leader had not
 * confirmed when its host was lost, RabbitMQ before 4.0 sends to the next leader under the message's number on the channel instead of
 * its number in the stream. Where the two differ, because something else was published on that channel, the records that follow are
 * confirmed and not appended.
 */
export class Publisher {
  readonly #log: Confirms;
  readonly #others: Confirms;

  constructor(
    channels: { readonly log: ConfirmChannel; readonly others: ConfirmChannel },
    connection: Connection,
  ) {
    this.#log = new Confirms(channels.log, connection);
    this.#others = new Confirms(channels.others, connection);
  }

  /** As `Confirms` does. */
  publish(queue: string, content: Buffer, options: PublishOptions): Promise<void> {
    const confirms = queue === queues.sync ? this.#log : this.#others;
    return confirms.publish(queue, content, options);
  }

  end(reason: Error): void {
    this.#log.end(reason);
    this.#others.end(reason);
  }
}

export interface WithHeaders {
  readonly properties: { readonly headers?: Readonly<Record<string, unknown>> | undefined };
}

interface Message extends WithHeaders {
  readonly content: Buffer;
  readonly fields: { readonly redelivered: boolean };
  readonly properties: WithHeaders["properties"] & {
    readonly correlationId?: unknown;
    readonly replyTo?: unknown;
  };
}

/** Where it stands in a stream; -1 in a queue. */
export const offsetOf = ({ properties: { headers } }: WithHeaders): number =>
  Number(headers?.["x-stream-offset"] ?? -1);

/** A channel over which messages come. */
interface Channel<M extends Message> {
  ack(message: M): void;
  nack(message: M, allUpTo: false, requeue: true): void;
}

/** @param ended fires with the channel's connection */
export function deliveryOf<M extends Message>(channel: Channel<M>, message: M, ended: AbortSignal): Delivery {
  const whileOpen = (act: () => void) => () => {
    if (ended.aborted) return;
    try {
      act();
    } catch {
      // The channel closed in this very turn: the broker delivers again.
    }
  };
  const { correlationId, replyTo, headers } = message.properties;
  return {
    content: message.content,
    redelivered: message.fields.redelivered,
    correlationId: String(correlationId ?? ""),
    replyTo: String(replyTo ?? ""),
    streamOffset: offsetOf(message),
    traceparent: typeof headers?.traceparent === "string" ? headers.traceparent : undefined,
    ack: whileOpen(() => channel.ack(message)),
    requeue: whileOpen(() => channel.nack(message, false, true)),
  };
}
