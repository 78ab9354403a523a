// The memory id of several brokers: the list of theirs, in the order of the brokers' addresses. Each is asked at the broker itself,
// all at the same time: a queue of a broker that is away gives no answer at all, from whichever broker it is asked for. One that
// does not answer in time has an unknown id, which says nothing.

import { TransientError } from "../../core/errors.ts";
import { bootQueueOf } from "../../core/messages/queues.ts";
import { listOfIds, unknownId } from "../../core/rules/broker-memory.ts";
import { within } from "../process/waiting.ts";
import type { Memory } from "./memory.ts";

/** The second only while fewer than a majority have answered. */
const askWithinMs = [1_000, 3_000] as const;

/** Opens a connection to one broker for a question. */
export type Visit = <T>(
  withinMs: number,
  use: (broker: { memoryIn(queue: string): Memory }) => Promise<T>,
) => Promise<T>;

export class ClusterMemory implements Memory {
  readonly #brokers: readonly Visit[];

  constructor(brokers: readonly Visit[]) {
    this.#brokers = brokers;
  }

  /** @throws TransientError when no majority of the brokers answers */
  async id(): Promise<string> {
    return listOfIds(await this.#ids());
  }

  /** @throws TransientError when one of the brokers does not answer: what is made now would have no replica there */
  async requireAll(): Promise<void> {
    const ids = await this.#ids();
    const away = ids.filter((id) => id === unknownId).length;
    if (away > 0)
      throw new TransientError(
        `RabbitMQ: ${away} of ${ids.length} brokers do not answer; queues are made once all are there`,
      );
  }

  async renew(before: string): Promise<void> {
    const ids = before.split(",");
    await Promise.all(
      this.#brokers.map((visit, i) => {
        const id = ids[i];
        if (id === undefined || id === unknownId) return undefined;
        return this.#ask(i, visit, askWithinMs[1], (memory) => memory.renew(id));
      }),
    );
  }

  async #ids(): Promise<readonly string[]> {
    const ids = this.#brokers.map(() => unknownId);
    for (const withinMs of askWithinMs) {
      await Promise.all(
        this.#brokers.map(async (visit, i) => {
          if (ids[i] === unknownId)
            ids[i] = await this.#ask(i, visit, withinMs, (memory) => memory.id()).catch(() => unknownId);
        }),
      );
      if (ids.filter((id) => id !== unknownId).length > ids.length / 2) return ids;
    }
    throw new TransientError("RabbitMQ: no majority of the brokers answers");
  }

  #ask<T>(index: number, visit: Visit, withinMs: number, use: (memory: Memory) => Promise<T>): Promise<T> {
    const queue = bootQueueOf(index);
    const asking = visit(withinMs, (broker) =>
      within(use(broker.memoryIn(queue)), withinMs, `ask for ${queue}`),
    );
    return within(asking, withinMs, `ask for ${queue}`);
  }
}
