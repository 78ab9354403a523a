// A connection to the broker in memory: what a program sends takes a while, arrives in order by lane, and is lost with it.
import { TransientError } from "../../core/errors.ts";
import type { ConsumeOptions, Consumer, Delivery, PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import type { Lane, Link } from "./link.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import { Consuming, type Message, type Queue, Reading } from "./memory-queue.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const confirmWithinMs = 10_000;
/** A client asks for a sign of life every second and gives up after this. */
const clientNoticesMs = { least: 2_500, most: 4_500 } as const;
/** The broker relies on heartbeats. */
const brokerNoticesMs = { least: 7_000, most: 15_000 } as const;

type Port = Pick<
  Rabbit,
  "ended" | "publish" | "send" | "cleared" | "consume" | "depth" | "memoryId" | "close"
>;

export class MemoryConnection implements Port {
  readonly #broker: MemoryBroker;
  readonly #process: VirtualProcess;
  readonly #link: Link;
  readonly #ended = new AbortController();
  readonly #consumers = new Map<Consuming, Queue>();
  readonly #confirms = new Set<(error: Error) => void>();
  readonly #publisher: Lane;
  readonly #confirmer: Lane;
  readonly #back: Lane;
  #brokerSide = true;

  readonly ended: AbortSignal = this.#ended.signal;

  constructor(broker: MemoryBroker, process: VirtualProcess, link: Link) {
    this.#broker = broker;
    this.#process = process;
    this.#link = link;
    this.#publisher = link.lane();
    this.#confirmer = link.lane();
    this.#back = link.lane();
    // The kernel closes the sockets of a process that is gone; what it had sent before arrives first.
    process.onEnd(() => this.#confirmer(() => this.loseBrokerSide()));
  }

  dispose(): void {
    this.#ended.abort("the world is over");
  }

  /** The link was cut: each side finds out for itself, unless it is mended before. */
  noticeCut(random: () => number): void {
    const between = ({ least, most }: { least: number; most: number }) => least + random() * (most - least);
    this.#process.after(between(clientNoticesMs), () => {
      if (this.#link.isCut) this.#lose("no sign of life");
    });
    this.#broker.world.after(between(brokerNoticesMs), () => {
      if (this.#link.isCut) this.loseBrokerSide();
    });
  }

  /** The process gives no sign of life for `ms`: the broker may take it for gone, and it finds out when it wakes up. */
  noticePause(ms: number, random: () => number): void {
    const noticedMs = brokerNoticesMs.least + random() * (brokerNoticesMs.most - brokerNoticesMs.least);
    if (ms > noticedMs) this.#broker.world.after(noticedMs, () => this.loseBrokerSide());
  }

  async close(): Promise<void> {
    if (this.ended.aborted) return;
    this.#lose("closed by us");
  }

  publish(queue: string, content: Buffer, options: PublishOptions = {}): Promise<void> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return this.#answered((resolve, reject) => {
      this.#toBroker(this.#confirmer, () => {
        const taken = this.#broker.take(queue, content, options);
        this.#toClient(this.#back, () =>
          taken ? resolve() : reject(new TransientError(`publish to ${queue}: there is no such queue`)),
        );
      });
    });
  }

  send(queue: string, content: Buffer, options: PublishOptions = {}): boolean {
    if (this.ended.aborted || !this.#process.step()) return false;
    this.#toBroker(this.#publisher, () => void this.#broker.take(queue, content, options));
    return true;
  }

  cleared(): undefined {
    return undefined;
  }

  memoryId(): Promise<string> {
    return this.#asked(this.#publisher, () => this.#broker.memoryId);
  }

  depth(queue: string): Promise<{ readonly messages: number; readonly consumers: number }> {
    return this.#asked(this.#publisher, () => {
      // A stream's length is told seconds late; the worst is that it is not known at all.
      if (queue === this.#broker.stream) return { messages: 0, consumers: 0 };
      const known = this.#broker.queue(queue);
      return { messages: known?.ready.length ?? 0, consumers: known?.consumers.length ?? 0 };
    });
  }

  async consume(
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Consumer> {
    const toBroker = this.#link.lane();
    const out = this.#link.lane();
    if (queue === this.#broker.stream) return this.#read(options, toBroker, out, onDelivery);
    const known = this.#broker.queue(queue);
    if (known === undefined) throw new TransientError(`consume ${queue}: there is no such queue`);
    const acks = toBroker;
    const consuming = new Consuming(this, options, out, (delivery) =>
      onDelivery({
        ...delivery,
        ack: () => this.#act(acks, delivery.ack),
        requeue: () => this.#act(acks, delivery.requeue),
      }),
    );
    await this.#asked(toBroker, () => {
      this.#consumers.set(consuming, known);
      known.consumers.push(consuming);
      known.dispatch();
    });
    return {
      cancel: async () => {
        if (this.ended.aborted) return;
        await this.#asked(toBroker, () => {
          known.consumers = known.consumers.filter((other) => other !== consuming);
          consuming.active = false;
        });
      },
      close: async () => {
        if (this.ended.aborted) return;
        await this.#asked(toBroker, () => {
          this.#consumers.delete(consuming);
          known.takeBack(consuming);
        }).catch(() => undefined);
      },
    };
  }

  async #read(
    { prefetch, streamOffset }: ConsumeOptions,
    toBroker: Lane,
    out: Lane,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Consumer> {
    const end = this.#broker.log.length;
    const at = typeof streamOffset === "number" ? streamOffset : streamOffset === "next" ? end : 0;
    const reading = new Reading(out, prefetch, at, (delivery) =>
      onDelivery({ ...delivery, ack: () => this.#act(toBroker, delivery.ack) }),
    );
    const one = { connection: this, reading };
    await this.#asked(toBroker, () => {
      this.#broker.readings.add(one);
      this.feed(reading);
    });
    const close = async () => void this.#broker.readings.delete(one);
    return { cancel: close, close };
  }

  /** Broker side: sends what a reader of the stream has room for. */
  feed(reading: Reading): void {
    while (reading.unacked < reading.prefetch && reading.at < this.#broker.log.length) {
      const streamOffset = reading.at;
      const content = this.#broker.log[streamOffset] as Buffer;
      reading.at += 1;
      reading.unacked += 1;
      const ack = () => {
        reading.unacked -= 1;
        this.feed(reading);
      };
      const requeue = () => undefined;
      this.#toClient(reading.out, () =>
        reading.onDelivery({
          content,
          redelivered: false,
          correlationId: "",
          replyTo: "",
          streamOffset,
          traceparent: this.#broker.traceparents.get(streamOffset),
          ack,
          requeue,
        }),
      );
    }
  }

  /** Broker side. */
  deliver(consumer: Consuming, queue: Queue, message: Message): void {
    consumer.tags += 1;
    const tag = consumer.tags;
    if (consumer.prefetch > 0) consumer.unacked.set(tag, message);
    const { content, correlationId, replyTo, traceparent, redelivered } = message;
    const ack = () => {
      consumer.unacked.delete(tag);
      queue.dispatch();
    };
    const requeue = () => {
      if (!consumer.unacked.delete(tag)) return;
      message.redelivered = true;
      queue.ready = [message, ...queue.ready].sort((a, b) => a.order - b.order);
      queue.dispatch();
    };
    this.#toClient(consumer.out, () =>
      consumer.onDelivery({
        content,
        correlationId,
        replyTo,
        redelivered,
        streamOffset: -1,
        traceparent,
        ack,
        requeue,
      }),
    );
  }

  /** The broker is done with this connection: what was not acked goes to others. */
  loseBrokerSide(): void {
    if (!this.#brokerSide) return;
    this.#brokerSide = false;
    this.#broker.forget(this);
    for (const [consumer, queue] of this.#consumers) queue.takeBack(consumer);
    this.#consumers.clear();
    this.#back(() => this.#process.receive(() => this.#lose("connection lost")));
  }

  #lose(why: string): void {
    if (this.ended.aborted) return;
    const error = new TransientError(`RabbitMQ connection lost: ${why}`);
    this.#ended.abort(error);
    for (const fail of [...this.#confirms]) fail(error);
    // The end of the stream arrives behind what was sent before it.
    this.#confirmer(() => this.loseBrokerSide());
  }

  #act(lane: Lane, act: () => void): void {
    if (this.ended.aborted || !this.#process.step()) return;
    this.#toBroker(lane, act);
  }

  #asked<T>(lane: Lane, answer: () => T): Promise<T> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return this.#answered((resolve) => {
      this.#toBroker(lane, () => {
        const given = answer();
        this.#toClient(this.#back, () => resolve(given));
      });
    });
  }

  /** A call and its answer, its failure with the connection, or its time. */
  #answered<T>(call: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    if (!this.#process.step()) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const cancel = this.#process.after(confirmWithinMs, () =>
        fail(new TransientError(`no answer within ${confirmWithinMs} ms`)),
      );
      const settle = () => {
        cancel();
        this.#confirms.delete(fail);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      this.#confirms.add(fail);
      call((value) => {
        settle();
        resolve(value);
      }, fail);
    });
  }

  #toBroker(lane: Lane, act: () => void): void {
    lane(() => {
      if (this.#brokerSide) act();
    });
  }

  #toClient(lane: Lane, act: () => void): void {
    lane(() =>
      this.#process.receive(() => {
        if (!this.ended.aborted) act();
      }),
    );
  }
}
