// What a copy needs of its machine: databases and files, in its own words. `sqlite.ts` and `system-disk.ts` are its adapters; the
// simulation puts a disk of its own in their place, on which nothing happens at the same time.

export type Row = Readonly<Record<string, unknown>>;
export type SqlValue = string | number | null;

export interface Extension {
  readonly isExtended: () => boolean;
  readonly byMs: number;
}

/** A connection to a database. It runs one call at a time; concurrency comes from having several. Its errors: `sqlite-errors.ts`. */
export interface Connection {
  /** A call that carries out several statements of clients begins no further one when it has taken so long. */
  readonly callMs: number;
  /** Any number of statements, without parameters. */
  exec(sql: string): Promise<void>;
  /** No text, blob or row of this connection may be longer: what SQLite builds of rows stays below that as well. */
  limitLength(bytes: number): void;
  all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]>;
  /** @returns how many rows it changed */
  run(sql: string, ...params: readonly SqlValue[]): Promise<number>;
  /**
   * Interrupts whatever this connection is doing if `work` is not done in time.
   * @param extension asked once when the time is over: whether there is more of it, and how much
   */
  limited<T>(ms: number, work: () => Promise<T>, extension?: Extension): Promise<T>;
  /** What this connection is doing now ends with an InterruptedError. */
  interrupt(): void;
  /**
   * The same for whatever it begins until the returned function is called. SQLite forgets an interrupt that finds no statement
   * running, and one that was called may still wait for a thread: so it is repeated.
   */
  keepInterrupting(): () => void;
  /**
   * A copy of the whole database as it is at one moment; writers of other connections go on meanwhile.
   * @param afterStep called after every few megabytes; the copy goes on once it has resolved
   */
  backup(file: string, afterStep: () => Promise<void>): Promise<void>;
  /** Statements compiled against an older schema are of no use after it changed. */
  forgetStatements(): Promise<void>;
  close(): Promise<void>;
}

/** @throws DamagedFileError, or the error of the system when the file cannot be opened */
export type OpenConnection = (file: string, mode: "read" | "write") => Promise<Connection>;

/** A file that is being written from its beginning. */
export interface WritableFile {
  write(bytes: Uint8Array): Promise<void>;
  /** What was written is on the disk when it resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  readonly openConnection: OpenConnection;
  /** With its parents; one that is there stays as it is. */
  makeDirectory(directory: string): Promise<void>;
  /**
   * What was written to the file, or made and moved in the directory, outlasts a power cut when it resolves. Does nothing when there
   * is no such file.
   */
  sync(path: string): Promise<void>;
  /** In bytes. @returns undefined when there is no such file; @throws when it cannot be looked at */
  size(file: string): Promise<number | undefined>;
  remove(file: string): Promise<void>;
  /** In one step, over what is there. Does nothing when there is no such file. */
  rename(from: string, to: string): Promise<void>;
  /** The file under another name as well, as it is now. Does nothing when there is no such file. */
  keepAlso(file: string, name: string): Promise<void>;
  create(file: string): Promise<WritableFile>;
  read(file: string, chunkBytes: number): AsyncIterable<Buffer>;
}
