// A broker in memory: queues with limits, expiry, acknowledgement, redelivery and fair dispatch, and one stream that can lose its
// beginning, its end, or all of itself. What it promises is what the contract suite says, which also runs on RabbitMQ.
import { queueArguments } from "../../core/messages/queues.ts";
import type { PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Link } from "./link.ts";
import { MemoryConnection } from "./memory-connection.ts";
import { limitsOf, Queue, type QueueLimits, type Reading } from "./memory-queue.ts";
import { type Append, type Owner, Replicas } from "./memory-replicas.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** What became of a message. */
export type Taking = "taken" | "refused" | "no such queue";

/** The connection that a message came by. */
type Sender = Pick<MemoryConnection, "node" | "isOpen">;

/** One broker, or several that have a replica each of the log and of the queues. */
export class MemoryBroker implements Owner {
  readonly world: VirtualWorld;
  /** The stream, by offset. */
  readonly log: Buffer[] = [];
  /** Offset of its first record: what stood before is trimmed. */
  first = 0;
  /** Beside the stream: the headers of the records that have some. */
  readonly traceparents = new Map<number, string>();
  readonly readings = new Set<{ readonly connection: MemoryConnection; readonly reading: Reading }>();
  readonly stream: string;
  /** Everything that the stream ever took, in its order: what no loss takes away from whoever checks. */
  readonly everTaken: Buffer[] = [];
  /** Short of memory or disk: it takes nothing from those who publish. */
  isBlocked = false;
  isDown = false;
  /** Messages that a queue with a bound takes, where that is fewer than are declared. */
  roomMax: number | undefined;
  /** Told when more has been handed to a connection than a program may have in its memory. */
  onTooMuch: ((process: VirtualProcess, bytes: number) => void) | undefined;
  streamIsThere = true;
  /** Undefined where there is one broker. */
  readonly replicas: Replicas | undefined;
  /** What was confirmed was lost once: the log tells the history no more. */
  hasLost = false;
  /** What came to a broker that does not work with a majority. */
  #held: { readonly node: number; readonly act: () => void }[] = [];
  readonly #queues = new Map<string, Queue>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #everMade: MemoryConnection[] = [];
  #order = 0;
  #memories = 0;
  #names = 0;

  constructor(world: VirtualWorld, stream: string, queues: readonly string[], brokers = 1) {
    this.world = world;
    this.stream = stream;
    this.replicas = brokers === 1 ? undefined : new Replicas(world, brokers, this);
    for (const name of queues) this.#queues.set(name, this.#queue({}));
  }

  /**
   * @param node the broker that it is a connection to
   * @param reaches whether the program reaches a broker at this moment
   */
  connect(
    process: VirtualProcess,
    link: Link,
    node = 0,
    reaches: (node: number) => boolean = () => true,
  ): MemoryConnection {
    const connection = new MemoryConnection(this, process, link, node, reaches);
    this.#connections.add(connection);
    this.#everMade.push(connection);
    return connection;
  }

  /** The world is over: lets go of whoever waits for a connection to end, or Node would keep them for ever. */
  dispose(): void {
    for (const connection of this.#everMade) connection.dispose();
  }

  forget(connection: MemoryConnection): void {
    this.#connections.delete(connection);
    for (const one of this.readings) if (one.connection === connection) this.readings.delete(one);
    for (const [name, { limits }] of this.#queues) if (limits.owner === connection) this.#queues.delete(name);
  }

  /** It forgets this when it restarts. */
  get memoryId(): string {
    return `memory ${this.#memories}`;
  }

  get confirmed(): { length: number } {
    return this.log;
  }

  confirm({ content, traceparent, onTaken }: Append): void {
    if (traceparent !== undefined) this.traceparents.set(this.log.length, traceparent);
    this.log.push(content);
    this.everTaken.push(content);
    this.onCopied();
    onTaken();
  }

  lose(length: number): void {
    this.world.tell("brokers", `lose ${this.log.length - length} confirmed records`);
    this.hasLost = true;
    this.log.length = length;
    for (const { connection, reading } of [...this.readings])
      if (reading.at > length) connection.loseBrokerSide();
  }

  onCopied(): void {
    for (const { connection, reading } of this.readings) connection.feed(reading);
  }

  onServing(): void {
    const held = this.#held;
    this.#held = [];
    for (const { node, act } of held) this.whenServing(node, act);
    for (const queue of this.#queues.values()) queue.dispatch();
    this.onCopied();
  }

  onGone(node: number): void {
    for (const connection of [...this.#connections])
      if (connection.node === node) connection.loseBrokerSide();
  }

  /** At once, or when a majority works together again with this broker among them. */
  whenServing(node: number, act: () => void): void {
    if (this.replicas?.serves(node) ?? true) act();
    else this.#held.push({ node, act });
  }

  /** Up to where a reader at this broker is given records. */
  readable(node: number): number {
    return this.replicas?.readable(node) ?? this.log.length;
  }

  /** A program can connect to it. */
  accepts(node: number): boolean {
    return !this.isDown && (this.replicas?.accepts(node) ?? true);
  }

  /** Every connection is lost, and with them what was not persistent. */
  restart(): void {
    if (this.replicas !== undefined) {
      for (let node = 0; node < this.replicas.size; node++) this.restartOne(node, 0);
      return;
    }
    this.#memories += 1;
    this.isBlocked = false;
    for (const connection of [...this.#connections]) connection.loseBrokerSide();
    for (const queue of this.#queues.values())
      queue.ready = queue.ready.filter((message) => message.persistent);
  }

  /** One of several is away for a while, and those who are connected to it see that at once. */
  restartOne(node: number, ms: number): void {
    this.replicas?.stop(node);
    this.world.after(ms, () => this.replicas?.comeUp(node));
  }

  /** Says nothing to anybody for a while, and comes back as after a restart. */
  goDown(ms: number): void {
    this.isDown = true;
    this.restart();
    this.world.after(ms, () => {
      this.isDown = false;
    });
  }

  /** The oldest records go, as retention has it. */
  trim(keep: number): void {
    this.first = Math.max(this.first, this.log.length - keep);
    for (const { reading } of this.readings) reading.at = Math.max(reading.at, this.first);
  }

  /** A power cut: the newest records were not on the disk yet. */
  loseEnd(records: number): void {
    if (this.replicas !== undefined) {
      for (let node = 0; node < this.replicas.size; node++) this.replicas.vanish(node, records);
      this.restart();
      return;
    }
    this.log.length = Math.max(this.first, this.log.length - records);
    this.restart();
  }

  /** Its readers are told. The next who declares it makes another one. */
  deleteStream(): void {
    this.streamIsThere = false;
    this.log.length = 0;
    this.first = 0;
    this.replicas?.forgetAll();
    for (const { connection } of [...this.readings]) connection.loseBrokerSide();
  }

  setBlocked(isBlocked: boolean): void {
    if (this.isBlocked === isBlocked) return;
    this.isBlocked = isBlocked;
    for (const connection of [...this.#connections]) connection.onBlocked(isBlocked);
  }

  /** @returns whether it was made, or why it cannot be */
  declareStream(reaches: (node: number) => boolean): boolean | Error {
    if (this.streamIsThere) return false;
    const whyNot = this.replicas?.whyNotAll(reaches);
    if (whyNot !== undefined) return whyNot;
    this.streamIsThere = true;
    // What stood in the one that was deleted is forgotten.
    this.#memories += 1;
    this.replicas?.forgetAll();
    return true;
  }

  declare(name: string, limits: QueueLimits = {}): string {
    this.#names += 1;
    const declared = name === "" ? `amq.gen-${this.#names}` : name;
    if (!this.#queues.has(declared)) this.#queues.set(declared, this.#queue(limits));
    return declared;
  }

  #queue(limits: QueueLimits): Queue {
    const isAlone = this.replicas === undefined || limits.owner !== undefined;
    const serves = () => isAlone || this.replicas?.leader !== undefined;
    return new Queue(() => this.world.nowMs, limits, serves);
  }

  /** As the programs declare them. @returns why they cannot be made */
  declareQueues(reaches: (node: number) => boolean = () => true): Error | undefined {
    const areThere = Object.keys(queueArguments).every((name) => this.#queues.has(name));
    const whyNot = areThere ? undefined : this.replicas?.whyNotAll(reaches);
    if (whyNot !== undefined) return whyNot;
    for (const [name, declared] of Object.entries(queueArguments))
      this.declare(name, limitsOf(declared, this.roomMax));
    return undefined;
  }

  queue(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** @param told once a majority has it, where there are several brokers */
  take(
    queue: string,
    content: Buffer,
    options: PublishOptions,
    from: Sender = { node: 0, isOpen: true },
    told: (taking: Taking) => void = () => undefined,
  ): void {
    if (queue === this.stream) {
      this.#append(content, options, from, told);
      return;
    }
    const known = this.#queues.get(queue);
    if (known === undefined) {
      told("no such queue");
      return;
    }
    // A queue of one connection is at its broker and nowhere else.
    const { owner } = known.limits;
    if (owner !== undefined && owner.node !== from.node && !(this.replicas?.serves(owner.node) ?? true)) {
      told("refused");
      return;
    }
    this.#order += 1;
    const { expirationMs } = options;
    const isTaken = known.add({
      content,
      correlationId: options.correlationId ?? "",
      replyTo: options.replyTo ?? "",
      traceparent: options.traceparent,
      persistent: options.persistent ?? false,
      order: this.#order,
      redelivered: false,
      ...(expirationMs === undefined ? {} : { expiresAtMs: this.world.nowMs + expirationMs }),
    });
    told(isTaken ? "taken" : "refused");
  }

  #append(
    content: Buffer,
    { traceparent }: PublishOptions,
    from: Sender,
    told: (taking: Taking) => void,
  ): void {
    if (!this.streamIsThere) {
      told("no such queue");
      return;
    }
    const append: Append = {
      content,
      traceparent,
      isWanted: () => from.isOpen,
      onTaken: () => told("taken"),
    };
    if (this.replicas === undefined) this.confirm(append);
    else this.replicas.append(append);
  }
}
