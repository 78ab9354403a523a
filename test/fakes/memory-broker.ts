// A broker in memory: queues with limits, expiry, acknowledgement, redelivery and fair dispatch, and one stream that can lose its
// beginning, its end, or all of itself. What it promises is what the contract suite says, which also runs on RabbitMQ.
import { queueArguments } from "../../core/messages/queues.ts";
import type { PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Link } from "./link.ts";
import { MemoryConnection } from "./memory-connection.ts";
import { Queue, type QueueLimits, type Reading } from "./memory-queue.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** What became of a message. */
export type Taking = "taken" | "refused" | "no such queue";

export class MemoryBroker {
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
  streamIsThere = true;
  readonly #queues = new Map<string, Queue>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #everMade: MemoryConnection[] = [];
  #order = 0;
  #memories = 0;
  #names = 0;

  constructor(world: VirtualWorld, stream: string, queues: readonly string[]) {
    this.world = world;
    this.stream = stream;
    for (const name of queues) this.#queues.set(name, new Queue());
  }

  connect(process: VirtualProcess, link: Link): MemoryConnection {
    const connection = new MemoryConnection(this, process, link);
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

  /** Every connection is lost, and with them what was not persistent. */
  restart(): void {
    this.#memories += 1;
    this.isBlocked = false;
    for (const connection of [...this.#connections]) connection.loseBrokerSide();
    for (const queue of this.#queues.values())
      queue.ready = queue.ready.filter((message) => message.persistent);
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
    this.log.length = Math.max(this.first, this.log.length - records);
    this.restart();
  }

  /** Its readers are told. The next who declares it makes another one. */
  deleteStream(): void {
    this.streamIsThere = false;
    this.log.length = 0;
    this.first = 0;
    for (const { connection } of [...this.readings]) connection.loseBrokerSide();
  }

  setBlocked(isBlocked: boolean): void {
    if (this.isBlocked === isBlocked) return;
    this.isBlocked = isBlocked;
    for (const connection of [...this.#connections]) connection.onBlocked(isBlocked);
  }

  /** @returns whether it was made */
  declareStream(): boolean {
    if (this.streamIsThere) return false;
    this.streamIsThere = true;
    // What stood in the one that was deleted is forgotten.
    this.#memories += 1;
    return true;
  }

  declare(name: string, limits: QueueLimits = {}): string {
    this.#names += 1;
    const declared = name === "" ? `amq.gen-${this.#names}` : name;
    if (!this.#queues.has(declared)) this.#queues.set(declared, new Queue(() => this.world.nowMs, limits));
    return declared;
  }

  /** As the programs declare them. */
  declareQueues(): void {
    for (const [name, declared] of Object.entries(queueArguments)) {
      const { "x-max-length": messagesMax, "x-overflow": overflow }: Declared = declared;
      this.declare(name, {
        ...(messagesMax === undefined ? {} : { messagesMax }),
        ...(overflow === undefined ? {} : { overflow }),
      });
    }
  }

  queue(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  take(queue: string, content: Buffer, options: PublishOptions): Taking {
    if (queue === this.stream) return this.#append(content, options);
    const known = this.#queues.get(queue);
    if (known === undefined) return "no such queue";
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
    return isTaken ? "taken" : "refused";
  }

  #append(content: Buffer, { traceparent }: PublishOptions): Taking {
    if (!this.streamIsThere) return "no such queue";
    if (traceparent !== undefined) this.traceparents.set(this.log.length, traceparent);
    this.log.push(content);
    this.everTaken.push(content);
    for (const { connection, reading } of this.readings) connection.feed(reading);
    return "taken";
  }
}

interface Declared {
  readonly "x-queue-type": "classic";
  readonly "x-max-length"?: number;
  readonly "x-overflow"?: "reject-publish" | "drop-head";
}
