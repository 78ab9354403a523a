// A file of SQLite that is only read, as it lies there: its adapter to Node's own SQLite, which needs nothing compiled.
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";

export type FileRow = Readonly<Record<string, SQLOutputValue>>;

const text = (value: SQLOutputValue | undefined): string => String(value ?? "");

export class DatabaseFile {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws when it is none of SQLite */
  static open(path: string): DatabaseFile {
    // What a file of this kind has beside it belongs to it; a file of its own is not changed, wherever it lies.
    const beside = existsSync(`${path}-wal`) ? "" : "&immutable=1";
    const url = new URL(`file:///?mode=ro${beside}`);
    url.pathname = path;
    const file = new DatabaseFile(new DatabaseSync(url, { readOnly: true }));
    try {
      file.all("SELECT count(*) FROM sqlite_schema");
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** In memory, as these statements make it. */
  static made(ddl: readonly string[]): DatabaseFile {
    const database = new DatabaseSync(":memory:");
    try {
      for (const sql of ddl) database.exec(sql);
      return new DatabaseFile(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Reads all of it. @returns in words what is wrong with it, undefined when it is whole */
  damage(): string | undefined {
    const [integrity] = this.all("PRAGMA integrity_check(1)");
    if (text(integrity?.integrity_check) !== "ok") return text(integrity?.integrity_check);
    const [broken] = this.all("PRAGMA foreign_key_check");
    return broken === undefined
      ? undefined
      : `a row of ${text(broken.table)} refers to one of ${text(broken.parent)} that is not there`;
  }

  /** What the service keeps about a copy in it; undefined in a file that is none of its copies. */
  meta(): ReadonlyMap<string, string> | undefined {
    const [there] = this.all("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_dbaas_meta'");
    if (there === undefined) return undefined;
    return new Map(
      this.all("SELECT name, value FROM _dbaas_meta").map(({ name, value }) => [text(name), text(value)]),
    );
  }

  /** Whole numbers come as they are, whatever their size. */
  all(sql: string): readonly FileRow[] {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  }

  /** Row by row, each a list of values. */
  *rows(sql: string): Generator<readonly SQLOutputValue[], void> {
    const statement = this.#database.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    for (const row of statement.iterate()) yield row as unknown as readonly SQLOutputValue[];
  }

  close(): void {
    this.#database.close();
  }
}
