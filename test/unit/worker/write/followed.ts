// SQL in lists: a master with a copy that follows it, which counts the calls of SQLite; and statements of all kinds for it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import type { Param, WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { CommitLimits, PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { contentsOf, entry, openCopy, type Undoing } from "../copies.ts";
import { shop } from "../schemas.ts";

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A master with a copy that follows it, and chance that is the same for each of them. */
export class Followed {
  readonly master: Store;
  readonly #slave: Store;
  /** Of SQL, by the master and by the copy. */
  readonly calls = { master: 0, slave: 0 };
  last: BatchRecord | undefined;
  sameSeed = false;
  #seeds = 0;
  #messages = 0;
  #offset = 10;

  private constructor(master: Store, slave: Store) {
    this.master = master;
    this.#slave = slave;
    for (const [role, { writer }] of Object.entries({ master, slave })) {
      const all = writer.all.bind(writer);
      writer.all = (sql, ...params) => {
        if (sql.includes("dbaas_run")) this.calls[role as "master" | "slave"] += 1;
        return all(sql, ...params);
      };
    }
  }

  static async open(undoing: Undoing): Promise<Followed> {
    return new Followed(await openCopy(undoing, shop), await openCopy(undoing, shop));
  }

  async outcomes(statements: readonly WriteStatement[], limits: CommitLimits = unlimited) {
    this.#messages += 1;
    const message = `api-${this.#messages}`;
    const writes = statements.map(({ shape, rows }, index): PendingWrite => {
      return { shape, message, item: { index, shape: 0, rows, key: `${message}#${index}` } };
    });
    const newSeed = () => {
      if (!this.sameSeed) this.#seeds += 1;
      return `seed ${this.#seeds}`;
    };
    const input = { writes, chores: [], epoch: 1, atMs, logMs: 1, limits };
    const outcomes = await committed(ledgerOf(this.master, newSeed), input, async (content) => {
      this.last = decodeRecord(content) as BatchRecord;
      this.#offset += 1;
      await this.#slave.apply([entry(this.#offset, this.last)]);
      return { offset: this.#offset, checksum: checksumOf(content) };
    });
    assert.deepEqual(await contentsOf(this.#slave), await contentsOf(this.master));
    return outcomes;
  }

  async commit(...statements: readonly WriteStatement[]) {
    return parsed(await this.outcomes(statements));
  }
}

export const sql = (text: string, ...params: readonly Param[]): WriteStatement => ({
  shape: { kind: "sql", sql: text },
  rows: [params],
});

/** With triggers, and a reference that is looked at in the end only. */
export const definitions = [
  "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT CHECK (text <> 'bad'), at TEXT DEFAULT CURRENT_TIMESTAMP, " +
    "chance INTEGER DEFAULT (random()), parent INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE seen (text TEXT, n INTEGER)",
  "CREATE TRIGGER noted AFTER INSERT ON notes BEGIN INSERT INTO seen VALUES (new.text, abs(random() % 9)); END",
  "CREATE TRIGGER failing AFTER INSERT ON notes WHEN new.text = 'fail' BEGIN SELECT RAISE(FAIL, 'it fails'); END",
  "CREATE TRIGGER rolling AFTER INSERT ON notes WHEN new.text = 'roll' BEGIN SELECT RAISE(ROLLBACK, 'it rolls'); END",
].map(
  (text): WriteStatement => ({ shape: { kind: "sql", sql: text, schema: true } as WriteShape, rows: [[]] }),
);

export const rolling = "INSERT INTO notes (text) VALUES ('roll')";

const word = fc.constantFrom("a", "b", "bad", "fail", "", "with\u0000in", "ü✓");
const few = fc.nat({ max: 4 });
export const statement = fc.oneof(
  fc.tuple(few, word).map(([id, text]) => sql("INSERT INTO notes (id, text) VALUES (?, ?)", id, text)),
  word.map((text) => sql("INSERT INTO notes (text) VALUES (?) RETURNING id, text, at, chance", text)),
  word.map((text) => sql("INSERT OR IGNORE INTO notes (text) VALUES (?), ('a') RETURNING *", text)),
  fc
    .tuple(few, word)
    .map(([id, text]) =>
      sql("INSERT OR FAIL INTO notes (id, text) VALUES (?2 + 100, ?1), (1, 'a')", text, id),
    ),
  fc.tuple(few, few).map(([id, parent]) => sql("UPDATE notes SET parent = ? WHERE id >= ?", parent, id)),
  few.map((id) => sql("DELETE FROM notes WHERE id = ? RETURNING text", id)),
  word.map((text) => sql("DELETE FROM seen WHERE text >= ?", text)),
  fc.constant(sql("SELECT count(*) AS n, random() IS NULL FROM notes")),
  // Let pass because it only reads.
  fc.constant(sql("SELECT count(*) FROM sqlite_schema, pragma_table_info('notes')")),
  fc.constant(sql("INSERT INTO notes (text) SELECT hex(randomblob(4)) || datetime('now') FROM notes")),
  fc.constant(sql("INSERT INTO nowhere VALUES (1)")),
  fc.constant(sql("INSERT INTO notes (text) VALUES (?)")),
  fc.constant(sql("INSERT INTO notes (text) VALUES (?)", ["blob", "AAEC"])),
  fc.constant(sql("INSERT INTO notes (id) VALUES (?)", ["integer", "9007199254740993"])),
  fc.constant(sql("INSERT INTO notes (text) VALUES ('a'); DELETE FROM notes")),
  fc.constant(sql("PRAGMA foreign_keys = off")),
  fc.constant(sql(rolling)),
  few.map((id) => ({
    shape: {
      kind: "sql" as const,
      sql: "UPDATE notes SET text = :text WHERE id = :id",
      names: ["id", "text"],
    },
    rows: [[id, "named"]],
  })),
);

/** One, unless this machine has other things to do. */
export function assertFew({ calls: { master, slave } }: Followed): void {
  assert.ok(master < 20 && slave < 20, `${master} and ${slave} calls`);
}
