// One copy of the database: a SQLite file with its own id, and with the data, the idempotency keys and how far in the log it is, all three
// always changed in the same transaction. There is one writer connection, used by one role at a time, and a few readers.
import { randomUUID } from "node:crypto";
import { Refusal } from "../../core/errors.ts";
import {
  type Applied,
  advance,
  type BatchRecord,
  type KeyEntry,
  nothingApplied,
} from "../../core/log/record.ts";
import { changesSchema } from "../../core/messages/statement.ts";
import { emptySchema, type Schema } from "../../core/schema.ts";
import { type Clock, systemClock } from "../../platform/process/clock.ts";
import type { Connection, Disk } from "../disk.ts";
import type { LogEntry } from "../ports.ts";
import { CompiledShapes } from "../sql/compiled.ts";
import { isStatementsFault, StorageFullError } from "../sqlite-errors.ts";
import { systemDisk } from "../system-disk.ts";
import { applyEffect, merged } from "./effects.ts";
import {
  databaseFile,
  discard,
  formatVersion,
  install,
  mustBeThere,
  prepareMeta,
  requireFormat,
  sync,
  verify,
} from "./files.ts";
import { prepareKeys, recordKeys } from "./keys.ts";
import { Reach } from "./made-by-sql.ts";
import { ReadPool } from "./read-pool.ts";

/** What a copy holds once a transaction is committed. */
export interface Next {
  readonly applied: Applied;
  readonly schema: Schema;
}

/** An open transaction of the writer. */
export interface Transaction {
  /** @throws when nothing of it has happened */
  commit(next: Next): Promise<void>;
  /** Does nothing once it is over. */
  rollbackUnlessCommitted(): Promise<void>;
}

export interface StoreOptions {
  /** The file was read through already. */
  readonly verified?: boolean;
  readonly clock?: Clock;
  readonly disk?: Disk;
  /** Makes the id of a copy that begins here. */
  readonly newCopyId?: () => string;
}

/** One copy's place on its machine. */
interface Opened {
  readonly directory: string;
  readonly copyId: string;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly writer: Connection;
  readonly readers: ReadPool;
}

/** A record that its master could apply cannot be applied here: this copy is not what it should be. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** What a statement must be able to undo, and what it sorts, goes to a file beyond a few pages: it can be a whole table. */
const writerPragmas = `PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;
  PRAGMA cache_size = -8192; PRAGMA temp_store = FILE;`;

export class Store {
  readonly directory: string;
  /** Made when the file began, and kept in it. */
  readonly copyId: string;
  readonly writer: Connection;
  readonly readers: ReadPool;
  readonly clock: Clock;
  readonly #disk: Disk;
  #applied: Applied;
  #schema: Schema;
  #compiled: CompiledShapes;
  readonly #reach: Reach;
  readonly #waiting = new Set<{ readonly position: number; readonly wake: () => void }>();

  private constructor(opened: Opened, applied: Applied, schema: Schema) {
    this.directory = opened.directory;
    this.copyId = opened.copyId;
    this.clock = opened.clock;
    this.#disk = opened.disk;
    this.writer = opened.writer;
    this.readers = opened.readers;
    this.#applied = applied;
    this.#schema = schema;
    this.#compiled = new CompiledShapes(schema);
    this.#reach = new Reach(opened.writer);
  }

  /**
   * @throws DamagedFileError when the file is not a whole database of ours: `discard` it then and start from nothing
   * @throws TerminalError when a newer version wrote it
   */
  static async open(
    directory: string,
    { verified = false, clock = systemClock, disk = systemDisk, newCopyId = randomUUID }: StoreOptions = {},
  ): Promise<Store> {
    await disk.makeDirectory(directory);
    const file = databaseFile(directory);
    const writer = await disk.openConnection(file, "write");
    try {
      await writer.exec(writerPragmas);
      if (!verified) await verify(writer);
      await prepareKeys(writer);
      const meta = await prepareMeta(writer);
      requireFormat(meta.get("format"), "the database file");
      await putMeta(writer, "format", String(formatVersion));
      const copyId = meta.get("copyId") ?? newCopyId();
      await putMeta(writer, "copyId", copyId);
      // An id is told only once it is on the disk: a power cut must not leave this copy with another one.
      if (!meta.has("copyId")) await sync(directory, disk);
      const applied = JSON.parse(meta.get("applied") ?? JSON.stringify(nothingApplied)) as Applied;
      const schema = JSON.parse(meta.get("schema") ?? JSON.stringify(emptySchema)) as Schema;
      const readers = await ReadPool.open(file, disk);
      return new Store({ directory, copyId, clock, disk, writer, readers }, applied, schema);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  static readonly discard = discard;
  static readonly install = install;

  /** What is committed. */
  get applied(): Applied {
    return this.#applied;
  }

  get schema(): Schema {
    return this.#schema;
  }

  /** Whether more may happen with a row form than it says, by what SQL of clients has made. */
  readonly guarded = (): Promise<boolean> => this.#reach.isFurther(this.#schema);

  /** SQL of a client changes the schema in the open transaction. */
  defines(): void {
    this.#reach.changes();
  }

  get compiled(): CompiledShapes {
    return this.#compiled;
  }

  /** Reads the whole file as it is on the disk. @throws DamagedFileError when it is not whole, or gone */
  async check(): Promise<void> {
    await mustBeThere(databaseFile(this.directory), this.#disk);
    await this.readers.apart(verify);
  }

  /** Everything that is committed outlasts a power cut. Also while the writer is at a transaction. */
  async sync(): Promise<void> {
    await sync(this.directory, this.#disk);
  }

  /** A master syncs every commit to the disk, and first of all what it has applied as a slave, which has the log to read again. */
  async syncEveryCommit(on: boolean): Promise<void> {
    await this.writer.exec(`PRAGMA synchronous = ${on ? "FULL" : "NORMAL"}`);
    if (on) await this.#syncNow();
  }

  /** With a commit SQLite syncs all those before it. On a full disk nothing can be written, and nothing new be acknowledged either. */
  async #syncNow(): Promise<void> {
    const transaction = await this.begin();
    try {
      await transaction.commit({ applied: this.#applied, schema: this.#schema });
    } catch (error) {
      if (!(error instanceof StorageFullError)) throw error;
    } finally {
      await transaction.rollbackUnlessCommitted();
    }
  }

  /** Applies records that `judge` let through, in order, in one transaction. */
  async apply(entries: readonly LogEntry[]): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.#apply(entries);
    } catch (cause) {
      if (!(cause instanceof Refusal || isStatementsFault(cause))) throw cause;
      throw new DivergedError("a record of the log does not fit this copy", { cause });
    }
  }

  async #apply(entries: readonly LogEntry[]): Promise<void> {
    const transaction = await this.begin();
    try {
      let schema = this.#schema;
      let compiled = this.#compiled;
      for (const batches of betweenExpiries(entries)) {
        for (const effect of merged(batches.flatMap((batch) => batch.effects))) {
          if ("shape" in effect && changesSchema(effect.shape)) this.defines();
          const after = await applyEffect(this.writer, compiled, schema, effect);
          if (after !== schema) compiled = new CompiledShapes(after);
          schema = after;
        }
        const keys = batches.flatMap(({ keys, position, atMs, logMs = atMs }) =>
          keys.map((entry) => ({ entry, position, atMs: logMs })),
        );
        await recordKeys(this.writer, keys);
      }
      let applied = this.#applied;
      for (const { record, offset, checksum } of entries)
        applied = advance(applied, record, offset, checksum);
      await transaction.commit({ applied, schema });
    } finally {
      await transaction.rollbackUnlessCommitted();
    }
  }

  /** Opens a transaction of the writer; the caller ends it. */
  async begin(): Promise<Transaction> {
    await this.writer.run("BEGIN IMMEDIATE");
    let isOpen = true;
    return {
      commit: async (next) => {
        await this.#commit(next);
        isOpen = false;
        this.#moveTo(next);
      },
      rollbackUnlessCommitted: async () => {
        if (!isOpen) return;
        isOpen = false;
        // SQLite may have undone it already.
        await this.writer.exec("ROLLBACK").catch(() => undefined);
        this.#reach.settled();
      },
    };
  }

  async #commit({ applied, schema }: Next): Promise<void> {
    if (schema !== this.#schema) await putMeta(this.writer, "schema", JSON.stringify(schema));
    // Numbers and a checksum: no text of a client.
    await this.writer.exec(`${putMetaSql(`'applied', '${JSON.stringify(applied)}'`)}; COMMIT`);
  }

  #moveTo({ applied, schema }: Next): void {
    if (schema !== this.#schema) this.#compiled = new CompiledShapes(schema);
    this.#schema = schema;
    this.#applied = applied;
    this.#reach.settled();
    for (const waiting of [...this.#waiting]) if (applied.position >= waiting.position) waiting.wake();
  }

  recordKeys(entries: readonly KeyEntry[], position: number, atMs: number): Promise<void> {
    const placed = entries.map((entry) => ({ entry, position, atMs }));
    return recordKeys(this.writer, placed);
  }

  /** @returns whether this copy has reached `position` within the time */
  async reaches(position: number, withinMs: number): Promise<boolean> {
    if (this.#applied.position >= position) return true;
    const woken = new AbortController();
    const waiting = { position, wake: () => woken.abort("reached") };
    this.#waiting.add(waiting);
    await this.clock.sleep(withinMs, woken.signal);
    this.#waiting.delete(waiting);
    return this.#applied.position >= position;
  }

  async close(): Promise<void> {
    await this.readers.close();
    await this.writer.close();
  }
}

/** Keys are recorded for many records at once, but never later than a record after them that makes keys be forgotten. */
function betweenExpiries(entries: readonly LogEntry[]): readonly (readonly BatchRecord[])[] {
  const out: BatchRecord[][] = [[]];
  for (const { record } of entries) {
    if (record.kind !== "batch") continue;
    if (record.effects.some((effect) => "expireKeys" in effect)) out.push([]);
    out.at(-1)?.push(record);
  }
  return out;
}

const putMeta = (writer: Connection, name: string, value: string): Promise<unknown> =>
  writer.run(putMetaSql("?1, ?2"), name, value);

const putMetaSql = (values: string): string =>
  `INSERT INTO _dbaas_meta (name, value) VALUES (${values}) ON CONFLICT DO UPDATE SET value = excluded.value`;
