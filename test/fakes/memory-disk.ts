// The disk of a process in the virtual world: real SQLite and real files, in a folder that is memory, but one call after the other
// and with the world's time. A volume outlives the processes that use it.
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Connection, Disk, Extension, OpenConnection, Row, SqlValue } from "../../worker/disk.ts";
import { errorOf } from "../../worker/sqlite-errors.ts";
import { extensionFile } from "../../worker/sqlite-extension/file.ts";
import { SlowStatements } from "./slow-statements.ts";
import type { VirtualProcess } from "./virtual-process.ts";

const commitMs = 2;
const openMs = 5;
const copyMs = 50;
const fullCode = 13;

export class Volume {
  readonly directory: string;
  /** Everything that is committed to it takes so much longer. */
  slowByMs = 0;
  /** Takes no more. */
  isFull = false;
  readonly connections = new Set<MemoryConnectionToFile>();
  /** Of the write-ahead log of the copy in use: what a power cut leaves. */
  syncedBytes = 0;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  get file(): string {
    return join(this.directory, "data.db");
  }

  /** Nobody uses it any more. */
  release(): void {
    for (const connection of [...this.connections]) connection.release();
  }

  /** What was committed and not synced is gone, and so are the processes that used it. */
  cutPower(): void {
    const wal = `${this.file}-wal`;
    const { syncedBytes } = this;
    const [database, log] = [this.file, wal].map((file) =>
      existsSync(file) ? readFileSync(file) : undefined,
    );
    this.release();
    if (database === undefined) return;
    for (const ending of ["-wal", "-shm"]) rmSync(`${this.file}${ending}`, { force: true });
    writeFileSync(this.file, database);
    if (log === undefined) return;
    writeFileSync(wal, log.subarray(0, syncedBytes));
    this.syncedBytes = syncedBytes;
  }

  /** Another one in its place. */
  empty(): void {
    this.release();
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
    this.syncedBytes = 0;
  }

  /** Bytes in the middle of the copy are others than were written. */
  damage(): void {
    const bytes = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes > 8_192) truncateSync(this.file, 8_192);
  }
}

class MemoryConnectionToFile implements Connection {
  /** By the machine's clock: never, or a seed would not give the same course each time. */
  readonly callMs = 3_600_000;
  readonly #volume: Volume;
  readonly #process: VirtualProcess;
  readonly #file: string;
  readonly #mode: "read" | "write";
  readonly #statements = new Map<string, StatementSync>();
  readonly #slow: SlowStatements;
  #database: DatabaseSync | undefined;
  #isClosed = false;
  #syncs = false;

  constructor(volume: Volume, process: VirtualProcess, file: string, mode: "read" | "write") {
    this.#volume = volume;
    this.#process = process;
    this.#file = file;
    this.#mode = mode;
    this.#slow = new SlowStatements(process);
    volume.connections.add(this);
    if (mode === "write") this.#opened();
  }

  async exec(sql: string): Promise<void> {
    await called(this.#process);
    // Who reads nothing needs no connection: most are opened for reads that never come.
    if (this.#mode === "read" && this.#database === undefined && sql.startsWith("PRAGMA")) return;
    if (sql.startsWith("PRAGMA synchronous")) this.#syncs = sql.endsWith("FULL");
    if (!sql.endsWith("COMMIT")) return this.#tried((database) => database.exec(sql));
    this.#mustHaveRoom();
    await this.#process.work(commitMs);
    this.#tried((database) => database.exec(sql));
    if (this.#syncs)
      this.#volume.syncedBytes = statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    await this.#process.work(commitMs + this.#volume.slowByMs);
  }

  limitLength(): void {
    // No client of the simulation asks for much.
  }

  async all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]> {
    await this.#called(params);
    return this.#tried(() => this.#prepared(sql).all(...params) as Row[]);
  }

  async run(sql: string, ...params: readonly SqlValue[]): Promise<number> {
    await this.#called(params);
    if (!sql.startsWith("BEGIN")) this.#mustHaveRoom();
    return this.#tried(() => Number(this.#prepared(sql).run(...params).changes));
  }

  #mustHaveRoom(): void {
    if (this.#volume.isFull)
      throw errorOf(Object.assign(new Error("database or disk is full"), { errno: fullCode }));
  }

  limited<T>(ms: number, work: () => Promise<T>, extension?: Extension): Promise<T> {
    return this.#slow.limited(ms, work, extension);
  }

  interrupt(): void {
    this.#slow.interrupt();
  }

  keepInterrupting(): () => void {
    return this.#slow.keepInterrupting();
  }

  async backup(file: string, afterStep: () => Promise<void>): Promise<void> {
    await this.#process.work(copyMs);
    this.#tried((database) => database.exec(`VACUUM INTO '${file}'`));
    await afterStep();
    await this.#process.work(copyMs);
  }

  async forgetStatements(): Promise<void> {
    this.#statements.clear();
  }

  async close(): Promise<void> {
    await called(this.#process);
    this.release();
  }

  release(): void {
    this.#isClosed = true;
    this.#volume.connections.delete(this);
    // SQLite puts the log into the database when the last one leaves.
    if (this.#volume.connections.size === 0) this.#volume.syncedBytes = 0;
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  #opened(): DatabaseSync {
    if (this.#isClosed) throw new Error("the connection is closed");
    extend();
    this.#database ??= new DatabaseSync(this.#file, { readOnly: this.#mode === "read" });
    return this.#database;
  }

  async #called(params: readonly SqlValue[]): Promise<void> {
    await called(this.#process);
    try {
      await this.#slow.take(params);
    } catch (error) {
      // SQLite undoes a whole transaction with a statement that was to change something.
      if (this.#mode === "write" && this.#opened().isTransaction) this.#opened().exec("ROLLBACK");
      throw error;
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#opened().prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #tried<T>(work: (database: DatabaseSync) => T): T {
    return meant(() => work(this.#opened()));
  }
}

let isExtended = false;

/** A file of its own: this process may have the extension for the SQLite of npm as well, and a library is loaded once. */
function extend(): void {
  if (isExtended) return;
  isExtended = true;
  const directory = mkdtempSync(join(tmpdir(), "extension-"));
  const file = join(directory, "dbaas.so");
  copyFileSync(extensionFile, file);
  const database = new DatabaseSync(":memory:", { allowExtension: true });
  database.loadExtension(file);
  database.close();
  rmSync(directory, { recursive: true });
}

/** What a process does to a volume. When the process ends, nobody uses the volume any more. */
export function diskOf(volume: Volume, process: VirtualProcess): Disk {
  process.onEnd(() => volume.release());
  return { openConnection: openerOf(volume, process), ...filesOf(volume, process) };
}

/** Never returns in a process that is gone. */
async function called(process: VirtualProcess): Promise<void> {
  if (!process.step()) await new Promise(() => undefined);
}

const openerOf =
  (volume: Volume, process: VirtualProcess): OpenConnection =>
  async (file, mode) => {
    await called(process);
    if (mode === "write") await process.work(openMs);
    return meant(() => new MemoryConnectionToFile(volume, process, file, mode));
  };

function filesOf(volume: Volume, process: VirtualProcess): Omit<Disk, "openConnection"> {
  const done = async (act: () => void): Promise<void> => {
    await called(process);
    act();
  };
  return {
    makeDirectory: () => called(process),
    sync: (path) =>
      done(() => {
        if (path === `${volume.file}-wal`)
          volume.syncedBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      }),
    size: async (file) => {
      await called(process);
      return statSync(file, { throwIfNoEntry: false })?.size;
    },
    remove: (file) => done(() => rmSync(file, { force: true })),
    rename: (from, to) =>
      done(() => {
        if (existsSync(from)) renameSync(from, to);
        if (to === volume.file) volume.syncedBytes = 0;
      }),
    keepAlso: (file, name) =>
      done(() => {
        if (existsSync(file)) copyFileSync(file, name);
      }),
    create: async (file) => {
      await done(() => closeSync(openSync(file, "w")));
      return {
        write: (bytes) => done(() => appendFileSync(file, bytes)),
        sync: () => process.work(commitMs),
        close: () => called(process),
      };
    },
    read: async function* (file, chunkBytes) {
      await called(process);
      const content = readFileSync(file);
      for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
    },
  };
}

/** With the errors that the real connection has. */
function meant<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && "errcode" in error)) throw error;
    throw errorOf(Object.assign(error, { errno: error.errcode }));
  }
}
