// Plain mode's way to SQLite: one connection, one prepared statement for each SQL text, one call at a time.
import sqlite3 from "sqlite3";

type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

const columnsDdl =
  "id INTEGER NOT NULL, owner TEXT NOT NULL, balance INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (id)";

const ddl = (synchronous: "FULL" | "NORMAL") => `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -8192;
  CREATE TABLE IF NOT EXISTS accounts (${columnsDdl}) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries (${columnsDdl}) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log_place (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;`;

export class Database {
  readonly #database: sqlite3.Database;
  readonly #statements = new Map<string, sqlite3.Statement>();

  private constructor(database: sqlite3.Database) {
    this.#database = database;
  }

  static async open(file: string, synchronous: "FULL" | "NORMAL"): Promise<Database> {
    const made = await new Promise<sqlite3.Database>((resolve, reject) => {
      const database = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(database)));
    });
    const database = new Database(made);
    await database.exec(ddl(synchronous));
    return database;
  }

  exec(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#database.exec(sql, (error) => (error ? reject(error) : resolve()));
    });
  }

  run(sql: string, values: readonly Value[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#prepared(sql).run(values, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  }

  all(sql: string, values: readonly Value[]): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#prepared(sql).all(values, (error: Error | null, rows: Row[]) =>
        error ? reject(error) : resolve(rows),
      );
    });
  }

  async insert(table: string, rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      const columns = Object.keys(row);
      const holes = columns.map(() => "?").join(", ");
      await this.run(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${holes})`, Object.values(row));
    }
  }

  async transaction(work: () => Promise<void>): Promise<void> {
    await this.exec("BEGIN IMMEDIATE");
    try {
      await work();
      await this.exec("COMMIT");
    } catch (error) {
      await this.exec("ROLLBACK");
      throw error;
    }
  }

  #prepared(sql: string): sqlite3.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }
}
