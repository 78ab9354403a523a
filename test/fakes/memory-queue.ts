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

  get hasRoom(): boolean {
    return this.active && (this.prefetch === 0 || this.unacked.size < this.prefetch);
  }
}

export class Queue {
  ready: Message[] = [];
  consumers: Consuming[] = [];
  #next = 0;

  /** Hands out what is ready, to one consumer after the other, as long as they have room. */
  dispatch(): void {
    while (this.ready.length > 0) {
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
  readonly onDelivery: (delivery: Delivery) => void;
  at: number;
  unacked = 0;

  constructor(out: Lane, prefetch: number, at: number, onDelivery: (delivery: Delivery) => void) {
    this.out = out;
    this.prefetch = prefetch;
    this.at = at;
    this.onDelivery = onDelivery;
  }
}
