// The reading connections of a copy. Every read begins in one of a few quick places. One that is not done after a slice of
// time leaves it: it goes on in a slow place if one is free, else it is interrupted and begins again when one becomes free. So
// quick reads find a place within a slice, whatever else is asked. What is known to be slow, or to have large answers, has one
// quick place at most, and none while its answer would only wait in memory.
import { Refusal, TransientError } from "../../core/errors.ts";
import { queueLimits } from "../../core/messages/queues.ts";
import type { Connection, Disk } from "../disk.ts";
import { InterruptedError } from "../sqlite-errors.ts";
import { systemDisk } from "../system-disk.ts";

const limits = {
  quickPlaces: 2,
  slowPlaces: 2,
  /** A read holds its quick place for so long. */
  sliceMs: 50,
  /** Reads that wait for a slow place; further ones are refused. */
  slowWaitingMax: 16,
  /** Of a text that a connection holds: an answer, or those to a group of reads, with what stands around them. */
  lengthMax: queueLimits.answerBytesMax + 64 * 1024,
} as const;

/** All of them can be busy at a time, each in a thread of its own. */
export const readConnections = limits.quickPlaces + limits.slowPlaces;

/** What is sorted goes to a file beyond a few MiB: it can be a whole table. */
const readerPragmas =
  "PRAGMA query_only = ON; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA temp_store = FILE;";

const closing = () => new TransientError("the copy is being closed");

/** Not for good: on a machine that has much to do, a read that is quick by itself may be taken for a slow one. */
const tooManySlow = () =>
  new Refusal(
    "unavailable",
    `the query was interrupted after ${limits.sliceMs} ms, because many slow ones are waiting already; send it again`,
  );

export interface ReadUse {
  /** The read may run this long; waiting for a place does not count. */
  readonly limitMs: number;
  /** Waited for before the read has a place. Looked at again in the place: others may have filled the room meanwhile. */
  readonly room?: () => Promise<void> | undefined;
}

export interface SlowUse extends ReadUse {
  /** Reads of this kind took long before, or had large answers: one of them at a time is tried. */
  readonly isHeavy: boolean;
  /** Told when the read leaves its quick place unfinished. @returns whether it may wait for a slow one */
  readonly onSlow: () => boolean;
}

async function taken(places: Places, { room }: ReadUse): Promise<void> {
  for (;;) {
    await places.take();
    const cleared = room?.();
    if (cleared === undefined) return;
    places.giveBack();
    await cleared;
  }
}

type Work<T> = (connection: Connection) => Promise<T>;

export class ReadPool {
  readonly #file: string;
  readonly #disk: Disk;
  readonly #idle: Connection[];
  readonly #all: readonly Connection[];
  /** Those that are no part of the pool. */
  readonly #apart = new Set<Connection>();
  readonly #quick = new Places(limits.quickPlaces);
  readonly #slow = new Places(limits.slowPlaces);
  readonly #suspects = new Places(1);
  readonly #working = new Set<Promise<unknown>>();
  #closing = false;

  private constructor(file: string, disk: Disk, all: readonly Connection[]) {
    this.#file = file;
    this.#disk = disk;
    this.#all = all;
    this.#idle = [...all];
  }

  static async open(file: string, disk: Disk = systemDisk): Promise<ReadPool> {
    const all: Connection[] = [];
    for (let i = 0; i < readConnections; i++) {
      const connection = await disk.openConnection(file, "read");
      await connection.exec(readerPragmas);
      connection.limitLength(limits.lengthMax);
      all.push(connection);
    }
    return new ReadPool(file, disk, all);
  }

  /**
   * In a quick place, for as long as `limitMs`, which should be about a slice.
   * @throws InterruptedError when `work` took longer
   * @throws TransientError when the pool is closed meanwhile: that is not the query's fault
   */
  quickly<T>(use: ReadUse, work: Work<T>): Promise<T> {
    return this.#counted(async () => {
      await taken(this.#quick, use);
      try {
        return await this.#run(use, work);
      } finally {
        this.#quick.giveBack();
      }
    });
  }

  /** The same for a read that may be slow. @throws Refusal when it would have to wait for a slow place, and may not */
  use<T>(use: SlowUse, work: Work<T>): Promise<T> {
    return this.#counted(async () => {
      const begun = use.isHeavy ? await this.#suspected(use, work) : await this.#begun(use, work);
      if (begun !== "over") return begun.value;
      if (!use.onSlow() || this.#slow.waiting >= limits.slowWaitingMax) throw tooManySlow();
      await taken(this.#slow, use);
      try {
        return await this.#run(use, work);
      } finally {
        this.#slow.giveBack();
      }
    });
  }

  async #suspected<T>(use: SlowUse, work: Work<T>): Promise<{ readonly value: T } | "over"> {
    await this.#suspects.take();
    let held = true;
    const free = () => {
      if (held) this.#suspects.giveBack();
      held = false;
    };
    try {
      return await this.#begun(use, work, free);
    } finally {
      free();
    }
  }

  /** @returns "over" when the slice was over and no slow place was free */
  async #begun<T>(
    use: SlowUse,
    work: Work<T>,
    onMoved: () => void = () => undefined,
  ): Promise<{ readonly value: T } | "over"> {
    await taken(this.#quick, use);
    let place = this.#quick;
    const hasMore = use.limitMs > limits.sliceMs;
    const isMoved = (): boolean => {
      if (!this.#slow.tryTake()) return false;
      place = this.#slow;
      this.#quick.giveBack();
      onMoved();
      use.onSlow();
      return true;
    };
    try {
      return { value: await this.#run(use, work, hasMore ? isMoved : undefined) };
    } catch (error) {
      if (error instanceof InterruptedError && hasMore && place === this.#quick) return "over";
      throw error;
    } finally {
      place.giveBack();
    }
  }

  /** @param isMoved asked when the slice is over: whether the read may go on, up to its limit */
  async #run<T>({ limitMs }: ReadUse, work: Work<T>, isMoved?: () => boolean): Promise<T> {
    if (this.#closing) throw closing();
    const connection = this.#idle.pop();
    if (connection === undefined) throw new Error("more reads run than there are connections");
    try {
      const sliceMs = isMoved === undefined ? limitMs : Math.min(limits.sliceMs, limitMs);
      return await connection.limited(sliceMs, () => work(connection), {
        isExtended: () => isMoved?.() ?? false,
        byMs: limitMs - sliceMs,
      });
    } catch (error) {
      throw this.#closing ? closing() : error;
    } finally {
      this.#idle.push(connection);
    }
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    const done = work();
    this.#working.add(done);
    try {
      return await done;
    } finally {
      this.#working.delete(done);
    }
  }

  /** A whole copy of the database in another file, while reads and writes go on. */
  copyTo(file: string, afterStep: () => Promise<void> = async () => undefined): Promise<void> {
    return this.apart((connection) => connection.backup(file, afterStep));
  }

  /** With a connection of its own, which has nothing of the file in its memory yet. */
  async apart<T>(work: Work<T>): Promise<T> {
    const connection = await this.#disk.openConnection(this.#file, "read");
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

  /** Interrupts the queries that run, so that a slow one holds up nothing. */
  async close(): Promise<void> {
    this.#closing = true;
    const stops = [...this.#all, ...this.#apart].map((connection) => connection.keepInterrupting());
    while (this.#working.size > 0) await Promise.allSettled(this.#working);
    for (const stop of stops) stop();
    await Promise.all(this.#all.map((connection) => connection.close()));
  }
}

/** A number of places that are taken and given back, in the order in which they are asked for. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** How many wait for one. */
  get waiting(): number {
    return this.#waiting.length;
  }

  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  async take(): Promise<void> {
    if (!this.tryTake()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
