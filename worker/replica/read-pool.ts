// The reading connections of a copy. Each runs one query at a time under a time limit that really interrupts SQLite, so a
// slow query takes one connection, not the worker.
import PQueue from "p-queue";
import { TransientError } from "../../protocol/errors.ts";
import { Connection, InterruptedError } from "../sqlite.ts";

/** Two: one slow query must not hold up every other, and more would only share the same cores. */
const connections = 2;
const readerPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;";
const interruptEveryMs = 50;

const closing = () => new TransientError("the copy is being closed");

export class ReadPool {
  readonly #file: string;
  readonly #idle: Connection[];
  readonly #all: readonly Connection[];
  /** Those that are no part of the pool. */
  readonly #apart = new Set<Connection>();
  readonly #queue = new PQueue({ concurrency: connections });
  #closing = false;

  private constructor(file: string, all: readonly Connection[]) {
    this.#file = file;
    this.#all = all;
    this.#idle = [...all];
  }

  static async open(file: string): Promise<ReadPool> {
    const all: Connection[] = [];
    for (let i = 0; i < connections; i++) {
      const connection = await Connection.open(file, "read");
      await connection.exec(readerPragmas);
      all.push(connection);
    }
    return new ReadPool(file, all);
  }

  /**
   * @throws InterruptedError when `work` took longer than `limitMs`; time spent waiting for a connection does not count
   * @throws TransientError when the pool is closed meanwhile: that is not the query's fault
   */
  async use<T>(limitMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const result = await this.#queue.add(async () => {
      if (this.#closing) throw closing();
      const connection = this.#idle.pop();
      if (connection === undefined) throw new Error("more reads run than there are connections");
      try {
        return { value: await connection.limited(limitMs, () => work(connection)) };
      } catch (error) {
        throw this.#closing ? closing() : error;
      } finally {
        this.#idle.push(connection);
      }
    });
    if (result === undefined) throw new InterruptedError("read was dropped");
    return result.value;
  }

  /** A whole copy of the database in another file, while reads and writes go on. */
  copyTo(file: string, afterStep: () => Promise<void> = async () => undefined): Promise<void> {
    return this.apart((connection) => connection.backup(file, afterStep));
  }

  /** With a connection of its own, which has nothing of the file in its memory yet. */
  async apart<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await Connection.open(this.#file, "read");
    this.#apart.add(connection);
    try {
      return await work(connection);
    } catch (error) {
      throw this.#closing ? closing() : error;
    } finally {
      this.#apart.delete(connection);
      await connection.close();
    }
  }

  /** Interrupts the queries that run, so nobody waits for a slow one. */
  async close(): Promise<void> {
    this.#closing = true;
    const interrupt = () => {
      for (const connection of [...this.#all, ...this.#apart]) connection.interrupt();
    };
    interrupt();
    // One may just be about to start.
    const again = setInterval(interrupt, interruptEveryMs);
    await this.#queue.onIdle();
    clearInterval(again);
    await Promise.all(this.#all.map((connection) => connection.close()));
  }
}
