// The broker's memory id: one that it forgets when it restarts, and with it perhaps the last records of the log, which it
// confirms before its disk has them. The id is the one message of a durable queue, sent so that it is kept in memory only. And whether the
// log is there again, as far as it was.
// Part of platform/rabbitmq/rabbit.ts, which owns the connection.
import { randomUUID } from "node:crypto";
import { TransientError } from "../../core/errors.ts";
import { bootArguments } from "../../core/messages/queues.ts";
import { sleep, within } from "../process/waiting.ts";
import { readsUpTo } from "./log-reach.ts";
import type { WithHeaders } from "./messages.ts";
import type { Scratch } from "./scratch.ts";

const callWithinMs = 10_000;
/** Another program may be reading it: that takes a few milliseconds, unless it hangs and the broker must find out. */
const freeWithinMs = 30_000;
const againMs = { least: 10, spread: 30 } as const;
const accessRefused = 403;

interface Message extends WithHeaders {
  readonly content: Buffer;
}

interface Channel<M extends Message> {
  on(event: "error", listener: () => void): void;
  close(): Promise<void>;
  checkQueue(queue: string): Promise<unknown>;
  assertQueue(
    queue: string,
    options: { readonly durable: true; readonly arguments: object },
  ): Promise<unknown>;
  prefetch(messages: number): Promise<unknown>;
  consume(
    queue: string,
    onMessage: (message: M | null) => void,
    options: { readonly exclusive: true } | { readonly arguments: object },
  ): Promise<unknown>;
  sendToQueue(queue: string, content: Buffer, options: { readonly persistent: false }): boolean;
  ack(message: M): void;
}

export interface Memory {
  /** The same for every program until the broker restarts or the id is renewed. */
  id(): Promise<string>;
  /** What the broker has confirmed may be gone from now on. Does nothing when another program has renewed this id already. */
  renew(before: string): Promise<void>;
  /** @param broker of several, its place. @returns whether the log has this record there, or one behind it */
  logReaches(broker: number, offset: number): Promise<boolean>;
}

export class BrokerMemory<M extends Message> implements Memory {
  readonly #scratch: Scratch<Channel<M>>;
  readonly #queue: string;

  constructor(scratch: Scratch<Channel<M>>, queue: string) {
    this.#scratch = scratch;
    this.#queue = queue;
  }

  id(): Promise<string> {
    return this.#alone(
      async (channel, taken) => idIn(taken) ?? (await remember(channel, this.#queue, taken)),
    );
  }

  async renew(before: string): Promise<void> {
    await this.#alone(async (channel, taken) => {
      if (idIn(taken) !== before) return;
      for (const message of taken.splice(0)) channel.ack(message);
      await remember(channel, this.#queue, taken);
    });
  }

  /** There is no other broker. */
  logReaches(_broker: number, offset: number): Promise<boolean> {
    return this.#scratch.use((channel) => readsUpTo(channel, offset));
  }

  /** With the queue to itself. What was taken and not acknowledged is back in the queue when the channel closes. */
  async #alone<T>(use: (channel: Channel<M>, taken: M[]) => Promise<T>): Promise<T> {
    const untilMs = performance.now() + freeWithinMs;
    for (;;) {
      try {
        return await this.#scratch.use(async (channel) => {
          const taken: M[] = [];
          const onMessage = (message: M | null) => {
            if (message !== null) taken.push(message);
          };
          const queue = this.#queue;
          const made = channel.assertQueue(queue, { durable: true, arguments: bootArguments });
          await within(made, callWithinMs, `declare ${queue}`);
          const consuming = channel.consume(queue, onMessage, { exclusive: true });
          await within(consuming, callWithinMs, `consume ${queue}`);
          // What stood in the queue is delivered before this is answered.
          await within(channel.checkQueue(queue), callWithinMs, `look at ${queue}`);
          return await use(channel, taken);
        });
      } catch (error) {
        const isTaken = error instanceof Error && "code" in error && error.code === accessRefused;
        if (!isTaken || performance.now() > untilMs) throw error;
        await sleep(againMs.least + Math.random() * againMs.spread);
      }
    }
  }
}

const idIn = <M extends Message>([first]: readonly M[]): string | undefined => first?.content.toString();

async function remember<M extends Message>(
  channel: Channel<M>,
  queue: string,
  taken: readonly M[],
): Promise<string> {
  channel.sendToQueue(queue, Buffer.from(randomUUID()), { persistent: false });
  // It comes back to this channel, the only consumer: that is the confirmation.
  const untilMs = performance.now() + callWithinMs;
  for (;;) {
    const id = idIn(taken);
    if (id !== undefined) return id;
    if (performance.now() > untilMs)
      throw new TransientError(`RabbitMQ does not take a message for ${queue}`);
    await sleep(againMs.least);
  }
}
