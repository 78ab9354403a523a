// The adapter of amqplib. A connection is used until anything about it fails; then `ended` fires and its owner starts a
// new one. There is no recovery inside: a half-restored connection is what loses and doubles messages.
import type { Duplex } from "node:stream";
import { type Channel, type ChannelModel, type ConsumeMessage, connect } from "amqplib";
import { messageOf, TransientError } from "../../core/errors.ts";
import { queues } from "../../core/messages/queues.ts";
import { aborted, within } from "../process/waiting.ts";
import { withHeartbeat } from "./brokers.ts";
import { type BrokerCluster, Declarations } from "./declarations.ts";
import { watchLink } from "./link.ts";
import { BrokerMemory, type Memory } from "./memory.ts";
import { deliveryOf, Publisher, propertiesOf } from "./messages.ts";
import type {
  BrokerConnection,
  ConsumeOptions,
  Consumer,
  Delivery,
  LogRetention,
  PublishOptions,
} from "./port.ts";
import { Scratch } from "./scratch.ts";

const openWithinMs = 10_000;
/** The client itself gives up first, and says why. */
const connectGraceMs = 1_000;
const callWithinMs = 10_000;
const closeWithinMs = 1_000;
/** Frames of 128 KiB at most that may wait in a channel before `cleared` has its callers wait. */
const unsentFramesMax = 32;

export interface RabbitOptions {
  /** For the connection to be made and taken. */
  readonly withinMs?: number;
  /** Of several brokers that this one belongs to. */
  readonly cluster?: BrokerCluster;
}

export class Rabbit implements BrokerConnection {
  readonly #model: ChannelModel;
  readonly #scratch: Scratch<Channel>;
  readonly #memory: Memory;
  readonly #declarations: Declarations;
  readonly #ended = new AbortController();
  #publisher: Channel | undefined;
  #confirmed: Publisher | undefined;
  #blocked = false;
  #clearing: Promise<void> | undefined;
  #closed: Promise<void> = Promise.resolve();

  readonly ended: AbortSignal = this.#ended.signal;
  readonly awayFrom: number | undefined;
  readonly isKnownEverywhere = (queue: string): Promise<boolean> => this.#declarations.isKnown(queue);

  private constructor(model: ChannelModel, cluster: BrokerCluster | undefined) {
    this.#model = model;
    this.awayFrom = cluster?.awayFrom;
    this.#scratch = new Scratch(() => model.createChannel());
    this.#memory = cluster?.memory ?? this.memoryIn(queues.boot);
    this.#declarations = new Declarations(
      this.#scratch,
      this.#memory,
      cluster && { ...cluster, version: versionOf(model) },
    );
    model.on("error", (error) => this.#end(error));
    model.on("close", (error?: Error) => this.#end(error ?? new Error("connection closed")));
    model.on("blocked", () => {
      this.#blocked = true;
    });
    model.on("unblocked", () => {
      this.#blocked = false;
    });
  }

  /** @throws TransientError when the broker does not answer or refuses us */
  static async open(
    url: string,
    connectionName: string,
    { withinMs = openWithinMs, cluster }: RabbitOptions = {},
  ): Promise<Rabbit> {
    // Nagle's delay costs batched messages a factor of ten.
    const opening = connect(withHeartbeat(url), {
      noDelay: true,
      timeout: withinMs,
      clientProperties: { connection_name: connectionName },
    });
    try {
      const rabbit = new Rabbit(
        await within(opening, withinMs + connectGraceMs, "connect to RabbitMQ"),
        cluster,
      );
      await within(rabbit.#openChannels(), withinMs, "open channels");
      rabbit.#watchLink();
      return rabbit;
    } catch (cause) {
      void opening.then((model) => model.close()).catch(() => undefined);
      throw new TransientError("open a RabbitMQ connection", { cause });
    }
  }

  async #openChannels(): Promise<void> {
    this.#publisher = this.#guard(await this.#model.createChannel({ highWaterMark: unsentFramesMax }));
    const confirming = async () => this.#guard(await this.#model.createConfirmChannel());
    const [log, others] = await Promise.all([confirming(), confirming()]);
    this.#confirmed = new Publisher(
      { log, others },
      { depth: (queue) => this.depth(queue), end: (error) => this.#end(error) },
    );
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  async close(): Promise<void> {
    this.#end(new Error("closed by us"));
    await this.#closed;
  }

  declareQueues(): Promise<void> {
    return this.#declarations.queues();
  }

  declareLog(retention: LogRetention): Promise<boolean> {
    return this.#declarations.log(retention);
  }

  memoryId(): Promise<string> {
    return this.#memory.id();
  }

  logReaches(broker: number, offset: number): Promise<boolean> {
    return this.#memory.logReaches(broker, offset);
  }

  /** The memory id of the broker that this queue belongs to. */
  memoryIn(queue: string): Memory {
    return new BrokerMemory<ConsumeMessage>(this.#scratch, queue);
  }

  async declareTemporary(name = "", messagesMax?: number): Promise<string> {
    const channel = this.#mustHave(this.#publisher);
    const made = await within(
      channel.assertQueue(name, {
        exclusive: true,
        autoDelete: true,
        durable: false,
        ...(messagesMax === undefined
          ? {}
          : { arguments: { "x-max-length": messagesMax, "x-overflow": "reject-publish" } }),
      }),
      callWithinMs,
      "declare a temporary queue",
    );
    return made.queue;
  }

  async depth(queue: string): Promise<{ readonly messages: number; readonly consumers: number }> {
    const { messageCount, consumerCount } = await look(this.#mustHave(this.#publisher), queue);
    return { messages: messageCount, consumers: consumerCount };
  }

  depths<Q extends string>(names: readonly Q[]): Promise<Readonly<Record<Q, number>>> {
    return this.#scratch.use(async (channel) => {
      const found = names.map(async (queue) => [queue, (await look(channel, queue)).messageCount] as const);
      return Object.fromEntries(await Promise.all(found)) as Record<Q, number>;
    });
  }

  send(queue: string, content: Buffer, options: PublishOptions = {}): boolean {
    if (this.ended.aborted) return false;
    const publisher = this.#mustHave(this.#publisher);
    const isTaken = publisher.sendToQueue(queue, content, propertiesOf(options));
    if (!isTaken) this.#clearing ??= this.#drained(publisher);
    return isTaken;
  }

  cleared(): Promise<void> | undefined {
    return this.#clearing;
  }

  async #drained(publisher: Channel): Promise<void> {
    const drained = new AbortController();
    const end = () => drained.abort("drained");
    publisher.once("drain", end);
    this.ended.addEventListener("abort", end, { once: true, signal: drained.signal });
    await aborted(drained.signal);
    publisher.removeListener("drain", end);
    this.#clearing = undefined;
  }

  publish(queue: string, content: Buffer, options: PublishOptions = {}): Promise<void> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return this.#mustHave(this.#confirmed).publish(queue, content, options);
  }

  /** Each consumer has a channel of its own, so that its prefetch and its acks are its own. */
  async consume(
    queue: string,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ): Promise<Consumer> {
    const channel = this.#guard(await within(this.#model.createChannel(), callWithinMs, "open a channel"));
    await within(channel.prefetch(options.prefetch), callWithinMs, "set the prefetch");
    const { consumerTag } = await within(
      channel.consume(
        queue,
        (message) => {
          // The broker sends null when the queue was deleted under us.
          if (message === null) this.#end(new Error(`${queue} was deleted`));
          else onDelivery(deliveryOf(channel, message, this.ended));
        },
        {
          noAck: options.noAck ?? false,
          exclusive: options.exclusive ?? false,
          ...(options.priority === undefined ? {} : { priority: options.priority }),
          ...(options.streamOffset === undefined
            ? {}
            : { arguments: { "x-stream-offset": options.streamOffset } }),
        },
      ),
      callWithinMs,
      `consume ${queue}`,
    );
    // The broker says yes before it has looked where the log ends; what it answers next on this channel comes after that.
    if (options.streamOffset === "next")
      await within(channel.checkQueue(queue), callWithinMs, `find the end of ${queue}`);
    let cancelled: Promise<unknown> | undefined;
    const cancel = async () => {
      if (this.ended.aborted) return;
      cancelled ??= channel.cancel(consumerTag);
      await within(cancelled, callWithinMs, `leave ${queue}`);
    };
    const close = async () => {
      if (this.ended.aborted) return;
      channel.removeAllListeners("close");
      await within(channel.close(), callWithinMs, `close the channel of ${queue}`).catch(() => undefined);
    };
    return { cancel, close };
  }

  #watchLink(): void {
    watchLink({
      ended: this.ended,
      blocked: () => this.#blocked,
      ask: () => this.#mustHave(this.#publisher).prefetch(0),
      traffic: () => this.#left(),
      onSilence: (error) => this.#end(error),
    });
  }

  /** Bytes that have left this process, as long as others wait behind them; the kernel takes a few from a broker that is gone. */
  #left(): number {
    const { bytesWritten = 0, writableLength } = this.#stream();
    return writableLength === 0 ? 0 : bytesWritten - writableLength;
  }

  #stream(): Duplex & { readonly bytesWritten?: number } {
    return (this.#model.connection as unknown as { readonly stream: Duplex }).stream;
  }

  /** A channel that fails takes the connection's life with it: its owner starts afresh. */
  #guard<C extends Channel>(channel: C): C {
    channel.on("error", (error) => this.#end(error));
    channel.on("close", () => this.#end(new Error("channel closed")));
    return channel;
  }

  #mustHave<C>(channel: C | undefined): C {
    if (channel === undefined) throw new TransientError("RabbitMQ connection is not open");
    return channel;
  }

  #end(error: Error): void {
    if (this.ended.aborted) return;
    const reason = new TransientError(`RabbitMQ connection lost: ${messageOf(error)}`);
    this.#ended.abort(reason);
    this.#confirmed?.end(reason);
    this.#closed = this.#leave();
  }

  /**
   * Whatever ended the life, the connection must go as well: one that stays open keeps its consumers, and the broker goes on
   * giving them messages that nobody takes any more.
   */
  async #leave(): Promise<void> {
    try {
      await within(this.#model.close(), closeWithinMs, "close the RabbitMQ connection");
    } catch {
      // Closed already, or the broker does not answer: then the socket is all that is left to close.
      this.#stream().destroy();
    }
  }
}

const versionOf = ({ connection }: ChannelModel): string => String(connection.serverProperties.version);

const look = (channel: Pick<Channel, "checkQueue">, queue: string) =>
  within(channel.checkQueue(queue), callWithinMs, `look at ${queue}`);
