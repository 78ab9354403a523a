// A connection to the broker in memory: what a program sends takes a while, arrives in order by lane, and is lost with it.
import { TransientError } from "../../core/errors.ts";
import {
  type BrokerConnection,
  type ConsumeOptions,
  type Consumer,
  type Delivery,
  type PublishOptions,
  RefusedMessageError,
} from "../../platform/rabbitmq/port.ts";
import { type Lane, type Link, noticedAfterMs } from "./link.ts";
import type { MemoryBroker, Taking } from "./memory-broker.ts";
import { Calls } from "./memory-calls.ts";
import { isRead, memoryOf } from "./memory-ids.ts";
import { Consuming, type Message, type Queue, Reading } from "./memory-queue.ts";
import { Outgoing } from "./outgoing.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { Random } from "./virtual-world.ts";

export class MemoryConnection implements BrokerConnection {
  readonly #broker: MemoryBroker;
  readonly #process: VirtualProcess;
  readonly #link: Link;
  readonly #reaches: (node: number) => boolean;
  readonly #ended = new AbortController();
  readonly #consumers = new Map<Consuming, Queue>();
  readonly #calls: Calls;
  readonly #publisher: Lane;
  readonly #confirmer: Lane;
  readonly #back: Lane;
  readonly #outgoing: Outgoing;
  /** What a broker that is short of memory does not read yet. */
  readonly #unread: (() => void)[] = [];
  #brokerSide = true;
  #publishes = false;

  readonly ended: AbortSignal = this.#ended.signal;
  /** The broker that it leads to. */
  readonly node: number;
  awayFrom: number | undefined;
  blocked = false;

  constructor(
    broker: MemoryBroker,
    process: VirtualProcess,
    link: Link,
    node: number,
    reaches: (node: number) => boolean,
  ) {
    this.#broker = broker;
    this.node = node;
    this.#reaches = reaches;
    this.#process = process;
    this.#calls = new Calls(process);
    this.#link = link;
    this.#publisher = link.lane();
    this.#confirmer = link.lane();
    this.#back = link.lane();
    this.#outgoing = new Outgoing((bytes) => broker.onTooMuch?.(process, bytes));
    // The kernel closes the sockets of a process that is gone; what it had sent before arrives first.
    process.onEnd(() => this.#confirmer(() => this.loseBrokerSide()));
  }

  get isOpen(): boolean {
    return this.#brokerSide;
  }

  /** Broker side: it has told so. */
  onBlocked(isBlocked: boolean): void {
    if (!isBlocked) for (const act of this.#unread.splice(0)) act();
    this.#toClient(this.#back, () => {
      this.blocked = isBlocked;
    });
  }

  dispose(): void {
    this.#ended.abort("the world is over");
  }

  /** The link was cut: each side finds out for itself, unless it is mended before. */
  noticeCut(random: Random): void {
    this.#process.after(noticedAfterMs("client", random), () => {
      if (this.#link.isCut) this.#lose("no sign of life");
    });
    this.#broker.world.after(noticedAfterMs("broker", random), () => {
      if (this.#link.isCut) this.loseBrokerSide();
    });
  }

  /** The process gives no sign of life for `ms`: the broker may take it for gone, and it finds out when it wakes up. */
  noticePause(ms: number, random: Random): void {
    const noticedMs = noticedAfterMs("broker", random);
    if (ms > noticedMs) this.#broker.world.after(noticedMs, () => this.loseBrokerSide());
  }

  async close(): Promise<void> {
    if (!this.ended.aborted) this.#lose("closed by us");
  }

  publish(queue: string, content: Buffer, options: PublishOptions = {}): Promise<void> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    this.#publishes = true;
    return this.#calls.made((resolve, reject) => {
      const told = (taking: Taking) =>
        this.#toClient(this.#back, () => {
          if (taking === "taken") resolve();
          else if (taking === "refused") reject(new RefusedMessageError(`publish to ${queue}: refused`));
          else reject(new TransientError(`publish to ${queue}: there is no such queue`));
        });
      this.#hand(this.#confirmer, content, (from) => this.#broker.take(queue, content, options, from, told));
    });
  }

  send(queue: string, content: Buffer, options: PublishOptions = {}): boolean {
    if (this.ended.aborted || !this.#process.step()) return false;
    this.#hand(this.#publisher, content, (from) => this.#broker.take(queue, content, options, from));
    return true;
  }

  declareQueues(): Promise<void> {
    return this.#asked(this.#publisher, () => this.#broker.declareQueues(this.#reaches));
  }

  declareLog(): Promise<boolean> {
    return this.#asked(this.#publisher, () => this.#broker.declareStream(this.#reaches));
  }

  declareTemporary(name = "", messagesMax?: number): Promise<string> {
    const limits = messagesMax === undefined ? {} : { messagesMax, overflow: "reject-publish" as const };
    return this.#asked(this.#publisher, () => this.#broker.declare(name, { ...limits, owner: this }));
  }

  isKnownEverywhere(queue: string): Promise<boolean> {
    return this.#asked(this.#publisher, () => this.#broker.queue(queue) !== undefined);
  }

  async depths<Q extends string>(names: readonly Q[]): Promise<Readonly<Record<Q, number>>> {
    const all = names.map(async (name) => [name, (await this.depth(name)).messages] as const);
    return Object.fromEntries(await Promise.all(all)) as Record<Q, number>;
  }

  readonly cleared = (): undefined => undefined;

  memoryId(): Promise<string> {
    const { replicas } = this.#broker;
    if (replicas !== undefined) return memoryOf(replicas, { process: this.#process, reaches: this.#reaches });
    return this.#asked(this.#publisher, () => this.#broker.memoryId);
  }

  logReaches(node: number, offset: number): Promise<boolean> {
    return isRead(this.#broker, { node, offset }, { process: this.#process, reaches: this.#reaches });
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
    const consuming = new Consuming(this, options, out, (delivery) =>
      onDelivery({
        ...delivery,
        ack: () => this.#act(toBroker, delivery.ack),
        requeue: () => this.#act(toBroker, delivery.requeue),
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
    if (!this.#broker.streamIsThere) throw new TransientError("consume the log: there is no such queue");
    const end = this.#broker.log.length;
    const wanted = typeof streamOffset === "number" ? streamOffset : streamOffset === "next" ? end : 0;
    // It says nothing about an offset that it does not have, but reads from the nearest that it has.
    const at = Math.min(Math.max(wanted, this.#broker.first), end);
    const reading = new Reading(out, { prefetch, at, node: this.node }, (delivery) =>
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
    reading.feed(this.#broker, (act) => this.#toClient(reading.out, act));
  }

  /** Broker side. */
  deliver(consumer: Consuming, queue: Queue, message: Message): void {
    // What a broker without a majority is to hand out does not get there.
    consumer.take(queue, message, (act) =>
      this.#broker.whenServing(this.node, () => this.#toClient(consumer.out, act)),
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
    this.#calls.fail(error);
    // The end of the stream arrives behind what was sent before it.
    this.#confirmer(() => this.loseBrokerSide());
  }

  #act(lane: Lane, act: () => void): void {
    if (this.ended.aborted || !this.#process.step()) return;
    this.#toBroker(lane, act);
  }

  #asked<T>(lane: Lane, answer: () => T | Error): Promise<T> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return this.#calls.made((resolve, reject) => {
      this.#toBroker(lane, () => {
        const given = answer();
        this.#toClient(this.#back, () => (given instanceof Error ? reject(given) : resolve(given)));
      });
    });
  }

  #hand(lane: Lane, content: Buffer, take: (from: this) => void): void {
    const arrived = this.#outgoing.add(content.length);
    this.#toBroker(lane, () => {
      arrived();
      take(this);
    });
  }

  #toBroker(lane: Lane, act: () => void): void {
    lane(() => {
      const read = () =>
        this.#broker.whenServing(this.node, () => {
          if (this.#brokerSide) act();
        });
      if (this.#broker.isBlocked && this.#publishes) this.#unread.push(read);
      else read();
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
