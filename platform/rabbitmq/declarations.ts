// Which queues there are and how they are declared: at one broker, or replicated by several. Part of platform/rabbitmq/rabbit.ts,
// which owns the connection.

import { TransientError } from "../../core/errors.ts";
import {
  bootQueueOf,
  queueArguments,
  queues,
  replicatedArguments,
  syncArguments,
} from "../../core/messages/queues.ts";
import type { Memory } from "./memory.ts";
import type { LogRetention } from "./port.ts";
import type { Scratch } from "./scratch.ts";

export interface BrokerCluster {
  readonly size: number;
  /** See BrokerConnection. */
  readonly awayFrom: number | undefined;
  readonly memory: Memory & {
    /** @throws TransientError when one of the brokers does not answer */
    requireAll(): Promise<void>;
    /** At each broker that answers. */
    isKnownEverywhere(queue: string): Promise<boolean>;
  };
}

interface Channel {
  on(event: "error", listener: () => void): void;
  close(): Promise<void>;
  checkQueue(queue: string): Promise<unknown>;
  assertQueue(
    queue: string,
    options: { readonly durable: true; readonly arguments: object },
  ): Promise<unknown>;
}

/** From here on a quorum queue gives up a message after twenty deliveries unless it is told not to. */
const limitedSinceMajor = 4;

export class Declarations {
  readonly #scratch: Scratch<Channel>;
  readonly #memory: Memory;
  readonly #cluster: (BrokerCluster & { readonly version: string }) | undefined;

  constructor(
    scratch: Scratch<Channel>,
    memory: Memory,
    cluster: (BrokerCluster & { readonly version: string }) | undefined,
  ) {
    this.#scratch = scratch;
    this.#memory = memory;
    this.#cluster = cluster;
  }

  async queues(): Promise<void> {
    if (this.#cluster === undefined) return this.#declareAll(queueArguments);
    const major = Number.parseInt(this.#cluster.version, 10);
    const replicated = replicatedArguments(major >= limitedSinceMajor);
    const found = await Promise.all(Object.keys(replicated).map((queue) => this.#scratch.exists(queue)));
    if (found.includes(false)) await this.#requireAll(this.#cluster);
    await this.#declareAll(replicated);
  }

  async log(retention: LogRetention): Promise<boolean> {
    const memory = await this.#memory.id();
    if (await this.#scratch.exists(queues.sync)) return false;
    if (this.#cluster !== undefined) await this.#requireAll(this.#cluster);
    // What stood in a log that was deleted is forgotten as after a restart; this must be seen before the new log is.
    await this.#memory.renew(memory);
    await this.#declareAll({ [queues.sync]: syncArguments(retention, this.#cluster?.size) });
    return true;
  }

  /** At each broker that answers. */
  isKnown(queue: string): Promise<boolean> {
    return this.#cluster === undefined
      ? this.#scratch.exists(queue).catch(() => true)
      : this.#cluster.memory.isKnownEverywhere(queue);
  }

  async #declareAll(all: Readonly<Record<string, object>>): Promise<void> {
    for (const [queue, args] of Object.entries(all))
      await this.#scratch.declare(queue, (channel) =>
        channel.assertQueue(queue, { durable: true, arguments: args }),
      );
  }

  /**
   * A queue has replicas only at the brokers that are there when it is made, and gets no further ones by itself.
   * @throws TransientError while one of them is away, or does not belong to the others yet
   */
  async #requireAll({ size, memory }: BrokerCluster): Promise<void> {
    await memory.requireAll();
    for (let broker = 0; broker < size; broker++)
      if (!(await this.#scratch.exists(bootQueueOf(broker))))
        throw new TransientError("RabbitMQ: the brokers are not one cluster yet");
  }
}
