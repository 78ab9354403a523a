// A broker in memory: queues with acknowledgement, redelivery and fair dispatch, and one stream. What it promises is what
// the contract suite says, which also runs on RabbitMQ.
import type { PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Link } from "./link.ts";
import { MemoryConnection } from "./memory-connection.ts";
import { Queue, type Reading } from "./memory-queue.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

export class MemoryBroker {
  readonly world: VirtualWorld;
  /** The stream, by offset. */
  readonly log: Buffer[] = [];
  /** Beside the stream: the headers of the records that have some. */
  readonly traceparents = new Map<number, string>();
  readonly readings = new Set<{ readonly connection: MemoryConnection; readonly reading: Reading }>();
  readonly stream: string;
  readonly #queues = new Map<string, Queue>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #everMade: MemoryConnection[] = [];
  #order = 0;
  #restarts = 0;

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
  }

  /** It forgets this when it restarts. */
  get memoryId(): string {
    return `memory ${this.#restarts}`;
  }

  /** Every connection is lost, and with them what was not persistent. */
  restart(): void {
    this.#restarts += 1;
    for (const connection of [...this.#connections]) connection.loseBrokerSide();
    for (const queue of this.#queues.values())
      queue.ready = queue.ready.filter((message) => message.persistent);
  }

  queue(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** @returns false when there is no such queue */
  take(queue: string, content: Buffer, options: PublishOptions): boolean {
    if (queue === this.stream) {
      const { traceparent } = options;
      if (traceparent !== undefined) this.traceparents.set(this.log.length, traceparent);
      this.log.push(content);
      for (const { connection, reading } of this.readings) connection.feed(reading);
      return true;
    }
    const known = this.#queues.get(queue);
    if (known === undefined) return false;
    this.#order += 1;
    known.ready.push({
      content,
      correlationId: options.correlationId ?? "",
      replyTo: options.replyTo ?? "",
      traceparent: options.traceparent,
      persistent: options.persistent ?? false,
      order: this.#order,
      redelivered: false,
    });
    known.dispatch();
    return true;
  }
}
