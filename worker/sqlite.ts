// The one door to sqlite3: a connection as promises, with a statement cache, an interruptible time limit and errors by
// what they mean (`sqlite-errors.ts`).
import sqlite3 from "sqlite3";
import { statementLimits } from "../core/messages/statement.ts";
import type { Connection, Extension, OpenConnection, Row, SqlValue } from "./disk.ts";
import { isShadowed, unshadowed } from "./sql/shadowed.ts";
import { errorOf } from "./sqlite-errors.ts";
import { extensionFile, heapBytesMax } from "./sqlite-extension/file.ts";

const statementsMax = 64;
const busyTimeoutMs = 2_000;
const interruptEveryMs = 20;

class SqliteConnection implements Connection {
  readonly callMs = 20;
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();
  #isClosed = false;

  constructor(database: sqlite3.Database) {
    this.#database = database;
    database.configure("busyTimeout", busyTimeoutMs);
    database.configure("limit", sqlite3.LIMIT_LIKE_PATTERN_LENGTH, statementLimits.patternBytesMax);
  }

  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(errorOf(error)) : resolve()));
    });
  }

  limitLength(bytes: number): void {
    this.#database.configure("limit", sqlite3.LIMIT_LENGTH, bytes);
  }

  async all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.#unshadowed(sql, (statement) => allRows(statement, params));
  }

  async run(sql: string, ...params: readonly SqlValue[]): Promise<number> {
    return this.#unshadowed(sql, (statement) => changedRows(statement, params));
  }

  async limited<T>(ms: number, work: () => Promise<T>, extension?: Extension): Promise<T> {
    let stop: (() => void) | undefined;
    const interrupt = () => {
      stop = this.keepInterrupting();
    };
    let timer = setTimeout(() => {
      if (extension?.isExtended() === true) timer = setTimeout(interrupt, extension.byMs);
      else interrupt();
    }, ms);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      stop?.();
    }
  }

  interrupt(): void {
    if (!this.#isClosed) this.#database.interrupt();
  }

  keepInterrupting(): () => void {
    this.interrupt();
    const again = setInterval(() => this.interrupt(), interruptEveryMs);
    return () => clearInterval(again);
  }

  async backup(file: string, afterStep: () => Promise<void>): Promise<void> {
    // One read transaction over all steps: SQLite begins a copy anew when its source has changed between two of them.
    await this.exec("BEGIN");
    try {
      await this.all("SELECT count(*) AS tables FROM sqlite_schema");
      const backup = await new Promise<Backup>((resolve, reject) => {
        const made: Backup = (this.#database as unknown as WithBackup).backup(file, (error) =>
          error ? reject(errorOf(error)) : resolve(made),
        );
      });
      try {
        while (!backup.completed) {
          await new Promise<void>((resolve, reject) => {
            backup.step(backupStepPages, (error) => (error ? reject(errorOf(error)) : resolve()));
          });
          await afterStep();
        }
      } finally {
        await new Promise<void>((resolve) => backup.finish(() => resolve()));
      }
    } finally {
      await this.exec("ROLLBACK").catch(() => undefined);
    }
  }

  async forgetStatements(): Promise<void> {
    const statements = [...this.#statements.values()];
    this.#statements.clear();
    await Promise.all(statements.map(finalize));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.forgetStatements();
    await new Promise<void>((resolve) => this.#database.close(() => resolve()));
  }

  /** Runs the statement; where a table hides the function that it calls, the same statement without that name. */
  async #unshadowed<T>(sql: string, run: (statement: sqlite3.Statement) => Promise<T>): Promise<T> {
    try {
      return await run(await this.#prepared(sql));
    } catch (error) {
      // Found while the statement is compiled, before anything of it has run.
      if (!isShadowed(error)) throw error;
      return run(await this.#prepared(unshadowed(sql)));
    }
  }

  async #prepared(sql: string): Promise<sqlite3.Statement> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = await new Promise<sqlite3.Statement>((resolve, reject) => {
      const statement = this.#database.prepare(sql, (error) =>
        error ? reject(errorOf(error)) : resolve(statement),
      );
    });
    this.#statements.set(sql, made);
    if (this.#statements.size > statementsMax) {
      const oldest = this.#statements.entries().next().value;
      if (oldest !== undefined) {
        this.#statements.delete(oldest[0]);
        void finalize(oldest[1]);
      }
    }
    return made;
  }
}

export const openSqlite: OpenConnection = async (file, mode) => {
  extended ??= extend();
  await extended;
  const flags = mode === "read" ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
  return new SqliteConnection(await opened(file, flags));
};

const opened = (file: string, flags: number): Promise<sqlite3.Database> =>
  new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, flags, (error) =>
      error ? reject(errorOf(error)) : resolve(database),
    );
  });

/** Once in a process: every connection that is opened afterwards has what the extension gives. */
let extended: Promise<void> | undefined;

async function extend(): Promise<void> {
  const database = await opened(":memory:", sqlite3.OPEN_READWRITE);
  await new Promise<void>((resolve, reject) => {
    database.loadExtension(extensionFile, (cause) =>
      cause ? reject(new Error("could not load SQLite's extension: npm run modules", { cause })) : resolve(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    database.exec(`PRAGMA hard_heap_limit = ${heapBytesMax}`, (error) => (error ? reject(error) : resolve()));
  });
  await new Promise<void>((resolve) => database.close(() => resolve()));
}

const allRows = (statement: sqlite3.Statement, params: readonly SqlValue[]): Promise<readonly Row[]> =>
  new Promise((resolve, reject) => {
    statement.all(params, (error: Error | null, rows: Row[]) =>
      error ? reject(errorOf(error)) : resolve(rows),
    );
  });

const changedRows = (statement: sqlite3.Statement, params: readonly SqlValue[]): Promise<number> =>
  new Promise((resolve, reject) => {
    statement.run(params, function (this: sqlite3.RunResult, error: Error | null) {
      if (error) reject(errorOf(error));
      else resolve(this.changes);
    });
  });

const finalize = (statement: sqlite3.Statement): Promise<void> =>
  new Promise((resolve) => statement.finalize(() => resolve()));

/** 8 MiB of 4 KiB pages. */
const backupStepPages = 2_048;

/** In the package's code, missing from its types. */
interface Backup {
  readonly completed: boolean;
  step(pages: number, done: (error: Error | null) => void): void;
  finish(done: () => void): void;
}
interface WithBackup {
  backup(file: string, done: (error: Error | null) => void): Backup;
}
