// The memory id of several brokers: the list of theirs, in the order of the brokers' addresses. Each is asked at the broker itself,
// all at the same time: a queue of a broker that is away gives no answer at all, from whichever broker it is asked for. One that
// does not answer in time has an unknown id, which says nothing.

import { TransientError } from "../../core/errors.ts";
import { bootQueueOf } from "../../core/messages/queues.ts";
import { idsIn, isMajority, isUnknown, listOfIds, unknownId } from "../../core/rules/broker-memory.ts";
import { within } from "../process/waiting.ts";
import type { Memory } from "./memory.ts";

/** The second only while fewer than a majority have answered. */
const askWithinMs = [1_000, 3_000] as const;
/** To connect, and as long again to read a record, which is waited for for a second. */
const reachWithinMs = 2_000;

export interface Peer {
  readonly ended: AbortSignal;
  memoryIn(queue: string): Memory;
  isKnownEverywhere(queue: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a connection to one broker. */
export type Connect = (withinMs: number) => Promise<Peer>;

/** Its connections are kept from one question to the next, until it is closed. */
export class ClusterMemory implements Memory {
  readonly #brokers: readonly Connect[];
  readonly #peers = new Map<number, Promise<Peer>>();
  #isClosed = false;

  constructor(brokers: readonly Connect[]) {
    this.#brokers = brokers;
  }

  close(): void {
    this.#isClosed = true;
    for (const peer of this.#peers.values())
      void peer.then((connected) => connected.close()).catch(() => undefined);
  }

  /** @throws TransientError when no majority of the brokers answers */
  async id(): Promise<string> {
    return listOfIds(await this.#ids());
  }

  /** @throws TransientError when one of the brokers does not answer: what is made now would have no replica there */
  async requireAll(): Promise<void> {
    const ids = await this.#ids();
    const away = ids.filter(isUnknown).length;
    if (away > 0)
      throw new TransientError(
        `RabbitMQ: ${away} of ${ids.length} brokers do not answer; queues are made once all are there`,
      );
  }

  async renew(before: string): Promise<void> {
    const ids = idsIn(before);
    await Promise.all(
      this.#brokers.map((_, i) => {
        const id = ids[i];
        return id === undefined || isUnknown(id)
          ? undefined
          : this.#ask(i, askWithinMs[1], (memory) => memory.renew(id));
      }),
    );
  }

  /** At that broker itself: the others say nothing of its replica. */
  logReaches(broker: number, offset: number): Promise<boolean> {
    return this.#ask(broker, reachWithinMs, (memory) => memory.logReaches(broker, offset)).catch(() => false);
  }

  /** At each that answers. */
  async isKnownEverywhere(queue: string): Promise<boolean> {
    const have = await Promise.all(
      this.#brokers.map((_, i) =>
        this.#askPeer(i, askWithinMs[0], (peer) => peer.isKnownEverywhere(queue)).catch(() => true),
      ),
    );
    return !have.includes(false);
  }

  async #ids(): Promise<readonly string[]> {
    const ids = this.#brokers.map(() => unknownId);
    for (const withinMs of askWithinMs) {
      await Promise.all(
        this.#brokers.map(async (_, i) => {
          if (ids[i] === unknownId)
            ids[i] = await this.#ask(i, withinMs, (memory) => memory.id()).catch(() => unknownId);
        }),
      );
      if (isMajority(ids.filter((id) => !isUnknown(id)).length, ids.length)) return ids;
    }
    throw new TransientError("RabbitMQ: no majority of the brokers answers");
  }

  #ask<T>(broker: number, withinMs: number, use: (memory: Memory) => Promise<T>): Promise<T> {
    return this.#askPeer(broker, withinMs, (peer) => use(peer.memoryIn(bootQueueOf(broker))));
  }

  async #askPeer<T>(broker: number, withinMs: number, use: (peer: Peer) => Promise<T>): Promise<T> {
    const connecting = this.#peer(broker, withinMs);
    const what = `ask broker ${broker + 1}`;
    try {
      const peer = await within(connecting, withinMs, what);
      return await within(use(peer), withinMs, what);
    } catch (error) {
      // It says nothing any more, or not in time: the next question goes over a new connection.
      this.#forget(broker, connecting);
      connecting.then((peer) => peer.close()).catch(() => undefined);
      throw error;
    }
  }

  /** Several questions at the same time share one connection, also while it is being opened. */
  #peer(broker: number, withinMs: number): Promise<Peer> {
    const kept = this.#peers.get(broker);
    if (kept !== undefined) return kept;
    const connect = this.#brokers[broker];
    if (connect === undefined || this.#isClosed)
      return Promise.reject(new TransientError("RabbitMQ connection is not open"));
    const connecting = connect(withinMs).then((peer) => {
      if (this.#isClosed) void peer.close();
      const forget = () => this.#forget(broker, connecting);
      if (peer.ended.aborted) forget();
      peer.ended.addEventListener("abort", forget, { once: true });
      return peer;
    });
    this.#peers.set(broker, connecting);
    return connecting;
  }

  /** Unless another one has taken its place: that is somebody else's. */
  #forget(broker: number, connecting: Promise<Peer>): void {
    if (this.#peers.get(broker) === connecting) this.#peers.delete(broker);
  }
}
