// The broker's side of a queue and of the log: what waits, and who takes it.
import type { ConsumeOptions, Delivery } from "../../platform/rabbitmq/port.ts";
import type { Lane } from "./link.ts";
import type { MemoryConnection } from "./memory-connection.ts";

export interface Message {
  readonly content: Buffer;
  readonly correlationId: string;
  readonly replyTo: string;
  readonly traceparent: string | undefined;
  readonly persistent: boolean;
  /** In the world's time: it is dropped when it comes to the head of its queue later. */
  readonly expiresAtMs?: number;
  /** Its place in the queue, kept when it comes back. */
  readonly order: number;
  redelivered: boolean;
}

export class Consuming {
  readonly connection: MemoryConnection;
  readonly prefetch: number;
  readonly priority: number;
  readonly unacked = new Map<number, Message>();
  readonly out: Lane;
  readonly onDelivery: (delivery: Delivery) => void;
  active = true;
  tags = 0;

  constructor(
    connection: MemoryConnection,
    { prefetch, noAck = false, priority = 0 }: ConsumeOptions,
    out: Lane,
    onDelivery: (delivery: Delivery) => void,
  ) {
    this.connection = connection;
    this.prefetch = noAck ? 0 : prefetch;
    this.priority = priority;
    this.out = out;
    this.onDelivery = onDelivery;
  }

  /** @param send brings it to the client, as long as there is one */
  take(queue: Queue, message: Message, send: (act: () => void) => void): void {
    this.tags += 1;
    const tag = this.tags;
    if (this.prefetch > 0) this.unacked.set(tag, message);
    const { content, correlationId, replyTo, traceparent, redelivered } = message;
    const ack = () => {
      this.unacked.delete(tag);
      queue.dispatch();
    };
    const requeue = () => {
      if (!this.unacked.delete(tag)) return;
      message.redelivered = true;
      queue.ready = [message, ...queue.ready].sort((a, b) => a.order - b.order);
      queue.dispatch();
    };
    const streamOffset = -1;
    const delivery = {
      content,
      correlationId,
      replyTo,
      redelivered,
      streamOffset,
      traceparent,
      ack,
      requeue,
    };
    send(() => this.onDelivery(delivery));
  }

  get hasRoom(): boolean {
    return this.active && (this.prefetch === 0 || this.unacked.size < this.prefetch);
  }
}

export interface QueueLimits {
  readonly messagesMax?: number;
  readonly overflow?: "reject-publish" | "drop-head";
  /** Goes with this connection. */
  readonly owner?: MemoryConnection;
}

interface Declared {
  readonly "x-queue-type": "classic";
  readonly "x-max-length"?: number;
  readonly "x-overflow"?: "reject-publish" | "drop-head";
}

/** @param roomMax a broker may have less room than is declared */
export const limitsOf = (
  { "x-max-length": messagesMax, "x-overflow": overflow }: Declared,
  roomMax = Number.POSITIVE_INFINITY,
): QueueLimits => ({
  ...(messagesMax === undefined ? {} : { messagesMax: Math.min(messagesMax, roomMax) }),
  ...(overflow === undefined ? {} : { overflow }),
});

export class Queue {
  ready: Message[] = [];
  consumers: Consuming[] = [];
  readonly limits: QueueLimits;
  readonly #nowMs: () => number;
  readonly #serves: () => boolean;
  #next = 0;

  /** @param serves false while the brokers hand out nothing of it */
  constructor(nowMs: () => number, limits: QueueLimits, serves: () => boolean) {
    this.#nowMs = nowMs;
    this.limits = limits;
    this.#serves = serves;
  }

  /** @returns false when it is full and does not take more */
  add(message: Message): boolean {
    const { messagesMax = Number.POSITIVE_INFINITY, overflow } = this.limits;
    this.#dropExpired();
    if (this.ready.length >= messagesMax) {
      if (overflow === "reject-publish") return false;
      this.ready.shift();
    }
    this.ready.push(message);
    this.dispatch();
    return true;
  }

  #dropExpired(): void {
    const nowMs = this.#nowMs();
    while ((this.ready[0]?.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.ready.shift();
  }

  /** Hands out what is ready, to one consumer after the other, as long as they have room. */
  dispatch(): void {
    while (this.#serves()) {
      this.#dropExpired();
      if (this.ready.length === 0) return;
      const consumer = this.#nextWithRoom();
      if (consumer === undefined) return;
      consumer.connection.deliver(consumer, this, this.ready.shift() as Message);
    }
  }

  /** Of those with the highest priority that have room, the next in turn. */
  #nextWithRoom(): Consuming | undefined {
    let best: Consuming | undefined;
    let bestAt = 0;
    for (let i = 0; i < this.consumers.length; i++) {
      const at = (this.#next + i) % this.consumers.length;
      const consumer = this.consumers[at];
      if (!consumer?.hasRoom || consumer.priority <= (best?.priority ?? -1)) continue;
      best = consumer;
      bestAt = at;
    }
    this.#next = bestAt + 1;
    return best;
  }

  takeBack(consumer: Consuming): void {
    consumer.active = false;
    this.consumers = this.consumers.filter((other) => other !== consumer);
    for (const message of consumer.unacked.values()) message.redelivered = true;
    this.ready = [...this.ready, ...consumer.unacked.values()].sort((a, b) => a.order - b.order);
    consumer.unacked.clear();
    this.dispatch();
  }
}

export class Reading {
  readonly out: Lane;
  readonly prefetch: number;
  readonly node: number;
  readonly onDelivery: (delivery: Delivery) => void;
  at: number;
  unacked = 0;

  /** @param node the broker whose replica it reads */
  constructor(
    out: Lane,
    { prefetch, at, node }: Pick<Reading, "prefetch" | "at" | "node">,
    onDelivery: (delivery: Delivery) => void,
  ) {
    this.node = node;
    this.out = out;
    this.prefetch = prefetch;
    this.at = at;
    this.onDelivery = onDelivery;
  }

  /** Sends what there is room for. */
  feed(stream: Stream, send: (act: () => void) => void): void {
    while (this.unacked < this.prefetch && this.at < stream.readable(this.node)) {
      const streamOffset = this.at;
      this.at += 1;
      this.unacked += 1;
      const ack = () => {
        this.unacked -= 1;
        this.feed(stream, send);
      };
      const delivery: Delivery = {
        content: stream.log[streamOffset] as Buffer,
        redelivered: false,
        correlationId: "",
        replyTo: "",
        streamOffset,
        traceparent: stream.traceparents.get(streamOffset),
        ack,
        requeue: () => undefined,
      };
      send(() => this.onDelivery(delivery));
    }
  }
}

/** Records by offset, and the headers of those that have some. */
interface Stream {
  readonly log: readonly Buffer[];
  readonly traceparents: ReadonlyMap<number, string>;
  readable(node: number): number;
}
