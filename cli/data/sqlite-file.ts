// A file of SQLite on this machine, as it is read for a restore or an import.
import { existsSync } from "node:fs";
import { messageOf } from "../../core/errors.ts";
import { quoted, quotedList } from "../../core/schema.ts";
import { DatabaseFile, type FileRow } from "../../platform/sqlite/database-file.ts";
import { CliError, exitCodes } from "../exit.ts";
import type { Definition } from "./definitions.ts";
import { type FileTable, isUsers, type SqlValue } from "./tables.ts";

const text = (value: FileRow[string] | undefined): string => String(value ?? "");

export class SqliteFile {
  readonly #file: DatabaseFile;

  private constructor(file: DatabaseFile) {
    this.#file = file;
  }

  /** @throws CliError when it is no whole file of SQLite */
  static open(path: string): SqliteFile {
    if (!existsSync(path)) throw new CliError(exitCodes.notFound, `there is no file ${path}`);
    try {
      return new SqliteFile(DatabaseFile.open(path));
    } catch (cause) {
      throw new CliError(exitCodes.failed, `${path} is no database of SQLite: ${messageOf(cause)}`);
    }
  }

  /** Tables without rows, as these statements make them. */
  static tablesOf(ddl: readonly string[]): readonly FileTable[] {
    const file = new SqliteFile(DatabaseFile.made(ddl));
    try {
      return file.tables();
    } finally {
      file.close();
    }
  }

  /** Reads all of it. @throws CliError when it is damaged */
  check(): void {
    const damage = this.#file.damage();
    if (damage !== undefined) throw new CliError(exitCodes.failed, `the file is damaged: ${damage}`);
  }

  /** What the service keeps about a copy in it; undefined in a file that is none of its copies. */
  meta(): ReadonlyMap<string, string> | undefined {
    return this.#file.meta();
  }

  /** Everything that was defined, in the order in which it was made. */
  definitions(): readonly Definition[] {
    return this.#all("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").map(
      ({ type, name, tbl_name: table, sql }) => ({
        type: text(type),
        name: text(name),
        table: text(table),
        sql: text(sql),
      }),
    );
  }

  /** Those of users, in the order of their names. */
  tables(): readonly FileTable[] {
    const counted = new Map<string, bigint>();
    const [sequence] = this.#all("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
    if (sequence !== undefined)
      for (const { name, seq } of this.#all("SELECT name, seq FROM sqlite_sequence"))
        counted.set(text(name), BigInt(text(seq)));
    return this.#all("PRAGMA table_list")
      .filter(({ schema, type, name }) => schema === "main" && type === "table" && isUsers(text(name)))
      .map(({ name, wr }) => this.#table(text(name), Number(wr) === 1, counted.get(text(name))))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #table(name: string, withoutRowid: boolean, counter: bigint | undefined): FileTable {
    const columns = this.#all(`PRAGMA table_xinfo(${quoted(name)})`)
      .filter(({ hidden }) => Number(hidden) === 0)
      .map((column) => ({
        name: text(column.name),
        type: text(column.type).toUpperCase(),
        required: Number(column.notnull) === 1 && column.dflt_value === null,
        notNull: Number(column.notnull) === 1,
        key: Number(column.pk),
      }));
    const keys = columns.filter(({ key }) => key > 0);
    const names = new Set(columns.map((column) => column.name.toLowerCase()));
    const isNumbered = withoutRowid || (keys.length === 1 && keys[0]?.type === "INTEGER");
    const hidden = ["rowid", "_rowid_", "oid"].find((one) => !names.has(one));
    return {
      name,
      columns,
      rowid: isNumbered ? undefined : hidden,
      counter: counter,
      references: this.#all(`PRAGMA foreign_key_list(${quoted(name)})`).map(({ table, from }) => ({
        table: text(table),
        column: text(from),
      })),
      rows: Number(this.#all(`SELECT count(*) AS n FROM ${quoted(name)}`)[0]?.n ?? 0),
    };
  }

  /** In the order in which the file has them. */
  *rows(table: FileTable): Generator<readonly SqlValue[], void> {
    const columns = [
      ...(table.rowid === undefined ? [] : [table.rowid]),
      ...table.columns.map(({ name }) => name),
    ];
    const sql = `SELECT ${quotedList(columns)} FROM ${quoted(table.name)}`;
    yield* this.#file.rows(sql) as Generator<readonly SqlValue[], void>;
  }

  close(): void {
    this.#file.close();
  }

  #all(sql: string): readonly FileRow[] {
    return this.#file.all(sql);
  }
}
