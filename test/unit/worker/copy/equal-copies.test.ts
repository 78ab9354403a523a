// Whatever SQL a master has carried out, in whatever mix with row forms: every copy holds the same afterwards, to the order of its
// rows and the bytes of its counters, however it joined.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checksumOf, decodeRecord, type LogRecord } from "../../../../core/log/record.ts";
import type { Param, Part, WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import { Store } from "../../../../worker/copy/store.ts";
import type { LogEntry } from "../../../../worker/ports.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../../fakes/commits.ts";
import { runs } from "../../../support/runs.ts";
import {
  contentsOf,
  entry,
  insertion,
  marker,
  openCopy,
  temporaryDirectory,
  withUndoing,
} from "../copies.ts";
import { integer, table, text } from "../schemas.ts";

const schema = {
  tables: [
    table(
      "people",
      [
        text("name", { notNull: true }),
        integer("age", { default: 7 }),
        { name: "score", type: "real" },
        text("mail", { unique: true }),
      ],
      ["name"],
      { indexes: [{ columns: ["age"] }] },
    ),
    table("orders", [integer("id", { autoIncrement: true }), text("item"), integer("at")], ["id"]),
    table(
      "buyers",
      [
        integer("order", { references: { table: "orders", column: "id", onDelete: "cascade" } }),
        text("name", { references: { table: "people", column: "name", onDelete: "cascade" } }),
      ],
      ["order", "name"],
    ),
  ],
} as const;

/** What looks for differences: time, chance, order of scans, conflicts, cascades, counted keys, doubles, blobs as texts. */
const statements = [
  "INSERT INTO people (name, age) VALUES (?1 || abs(random() % 50), ?2)",
  "INSERT OR IGNORE INTO people (name, mail) VALUES (?1, ?1 || ?2)",
  "INSERT OR REPLACE INTO people (name, age, mail) VALUES (?1, ?2, 'm' || ?2)",
  "INSERT INTO people (name, age) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET age = age + excluded.age",
  "INSERT INTO orders (item, at) VALUES (?1 || hex(randomblob(?2)), unixepoch()) RETURNING *",
  "INSERT INTO orders (item) SELECT name || datetime('now', '+' || ?2 || ' days') FROM people WHERE name > ?1",
  "INSERT INTO orders (id, item) VALUES (?2, ?1)",
  "INSERT OR IGNORE INTO buyers SELECT id, name FROM orders, people WHERE age < ?2 AND item > ?1 LIMIT 20",
  "UPDATE people SET score = coalesce(score, 0.1) * 1.1 + ?2 WHERE name >= ?1",
  "UPDATE people SET age = (SELECT count(*) FROM buyers WHERE buyers.name = people.name) + ?2 WHERE name <> ?1",
  "UPDATE orders SET item = (SELECT group_concat(name) FROM people) WHERE id % 3 = ?2 % 3 AND item > ?1",
  "UPDATE OR IGNORE people SET mail = 'm' || (age + ?2) WHERE name > ?1 RETURNING name, mail",
  "UPDATE people SET age = random() WHERE age = ?2 AND name > ?1 RETURNING age",
  "DELETE FROM people WHERE name = ?1 AND ?2 > 2 RETURNING *",
  "DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE item > ?1 LIMIT ?2)",
  "WITH recent AS (SELECT id FROM orders ORDER BY id DESC LIMIT ?2) DELETE FROM orders WHERE id IN recent AND item <> ?1",
  "INSERT OR ROLLBACK INTO people (name, age) VALUES (?1, ?2)",
  "INSERT OR FAIL INTO people (name, age) SELECT item, ?2 FROM orders WHERE item > ?1",
  "REPLACE INTO orders (id, item, at) SELECT max(id) + 1, ?1, ?2 FROM orders",
];

/** The schema changes as well: tables that come and go, with chance in their defaults, what hangs on them, and on the manifest's. */
const definitions = [
  `CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, at DEFAULT CURRENT_TIMESTAMP,
     chance DEFAULT (random()), person TEXT REFERENCES people ON DELETE SET NULL)`,
  "CREATE TABLE IF NOT EXISTS links (note INTEGER REFERENCES notes ON DELETE CASCADE, name TEXT REFERENCES people ON DELETE CASCADE)",
  "CREATE TABLE IF NOT EXISTS pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS made AS SELECT *, random() AS chance, datetime() AS at FROM people",
  "CREATE VIEW IF NOT EXISTS named AS SELECT people.name, item, random() AS chance FROM people, orders",
  "CREATE UNIQUE INDEX IF NOT EXISTS texts ON notes (text, person)",
  "CREATE INDEX IF NOT EXISTS ages ON people (age, score)",
  "CREATE TRIGGER IF NOT EXISTS notes_of_people AFTER INSERT ON people BEGIN INSERT INTO notes (text, person) VALUES (hex(randomblob(2)), new.name); END",
  "CREATE TRIGGER IF NOT EXISTS pairs_of_people AFTER UPDATE ON people BEGIN INSERT OR IGNORE INTO pairs VALUES (new.name, unixepoch() + new.age); END",
  "CREATE TRIGGER IF NOT EXISTS orders_of_links AFTER DELETE ON links BEGIN INSERT INTO orders (item) VALUES (old.name || random()); END",
  "CREATE TRIGGER IF NOT EXISTS into_named INSTEAD OF INSERT ON named BEGIN INSERT INTO orders (item) VALUES (new.item || random()); END",
  "ALTER TABLE made ADD COLUMN more DEFAULT 7",
  "ALTER TABLE made RENAME COLUMN chance TO luck",
  "ALTER TABLE made DROP COLUMN luck",
  "ALTER TABLE made RENAME TO kept",
  "DROP TABLE IF EXISTS made",
  "DROP TABLE IF EXISTS kept",
  "DROP TABLE IF EXISTS notes",
  "DROP TABLE IF EXISTS links",
  "DROP TRIGGER IF EXISTS notes_of_people",
  "DROP INDEX IF EXISTS texts",
] as const;

const onThem = [
  "INSERT INTO notes (text, person) VALUES (?1 || random(), ?1), (?2, NULL) RETURNING *",
  "INSERT INTO notes (text, person) SELECT chance, name FROM named WHERE item > ?1 LIMIT ?2",
  "INSERT INTO notes (text) VALUES (?1) ON CONFLICT DO UPDATE SET at = at || ?2",
  "INSERT OR IGNORE INTO links SELECT id, name FROM notes, people WHERE name >= ?1 LIMIT ?2 * 5",
  "INSERT INTO named (item) VALUES (?1), (?2)",
  "UPDATE notes SET chance = random(), text = text || ?1 WHERE id % ?2 = 0 RETURNING id, chance",
  "DELETE FROM notes WHERE person = ?1 OR id = ?2 RETURNING text",
  "INSERT OR REPLACE INTO pairs SELECT ?1, id + ?2 FROM notes",
  "UPDATE kept SET at = datetime('now', ?2 || ' days') WHERE name > ?1",
  "PRAGMA user_version = 7",
  "PRAGMA foreign_keys = OFF",
  "PRAGMA defer_foreign_keys = ON",
] as const;

const name = fc.constantFrom("a", "b", "c", "d", "é");
const number = fc.integer({ min: 1, max: 6 });

const inSql: fc.Arbitrary<WriteStatement> = fc
  .tuple(fc.constantFrom(...statements, ...onThem), name, number)
  .map(([sql, ...all]): WriteStatement => {
    const params = all.filter((_, i) => sql.includes(`?${i + 1}`));
    return { shape: { kind: "sql", sql }, rows: [params] };
  });

const definition: fc.Arbitrary<WriteStatement> = fc
  .constantFrom(...definitions)
  .map((sql): WriteStatement => ({ shape: { kind: "sql", sql, schema: true }, rows: [[]] }));

/** Every kind of row form, by its name. */
const byKind: Record<
  Exclude<WriteShape["kind"], "sql" | "batch" | "barrier">,
  fc.Arbitrary<WriteStatement>
> = {
  insert: fc.oneof(
    fc.tuple(name, number).map((row) => insertion("people", ["name", "age"], row)),
    name.map((item) => insertion("orders", ["item"], [item])),
    name.map(
      (one): WriteStatement => ({
        shape: { kind: "insert", table: "people", columns: ["name", "score"], onConflict: "update" },
        rows: [[one, 1.5]],
      }),
    ),
  ),
  update: fc.tuple(number, name).map(
    (row): WriteStatement => ({
      shape: {
        kind: "update",
        table: "people",
        set: ["age"],
        where: { op: ">", column: "name", param: 1 },
      },
      rows: [row],
    }),
  ),
  delete: name.map(
    (one): WriteStatement => ({
      shape: { kind: "delete", table: "people", where: { op: "=", column: "name", param: 0 } },
      rows: [[one]],
    }),
  ),
  clear: fc.constant<WriteStatement>({ shape: { kind: "clear" }, rows: [[]] }),
};
const inRows = fc.oneof({ weight: 3, arbitrary: byKind.insert }, byKind.update, byKind.delete, byKind.clear);

const one = fc.oneof(
  { weight: 5, arbitrary: inSql },
  { weight: 2, arbitrary: inRows },
  { weight: 3, arbitrary: definition },
);

const together: fc.Arbitrary<WriteStatement> = fc
  .array(
    one.filter(({ shape }) => shape.kind !== "clear"),
    { minLength: 1, maxLength: 4 },
  )
  .map((all): WriteStatement => {
    const parts = all.map(({ shape, rows }) => ({ shape, rows: rows.length })) as readonly Part[];
    const rows: readonly (readonly Param[])[] = all.flatMap((statement) => statement.rows);
    return { shape: { kind: "batch", parts }, rows };
  });

const commits = fc.array(
  fc.array(fc.oneof({ weight: 4, arbitrary: one }, { weight: 1, arbitrary: together }), {
    minLength: 1,
    maxLength: 6,
  }),
  { minLength: 2, maxLength: 14 },
);

class History {
  readonly entries: LogEntry[] = [];
  #requests = 0;

  add(record: LogRecord): void {
    this.entries.push(entry(this.entries.length, record));
  }

  async commit(master: Store, writes: readonly WriteStatement[], atMs: number): Promise<void> {
    const pending = writes.map(({ shape, rows }) => {
      this.#requests += 1;
      const item = { index: 0, shape: 0, rows, key: `api-${this.#requests}#0` };
      return { shape, item, message: `api-${this.#requests}` };
    });
    const chores = this.entries.length === 1 ? [{ effect: { schema }, onRefused: assert.fail }] : [];
    const input = { writes: pending, chores, epoch: 1, atMs, logMs: atMs, limits: unlimited };
    await committed(ledgerOf(master), input, async (content) => {
      this.add(decodeRecord(content));
      return { offset: this.entries.length - 1, checksum: checksumOf(content) };
    });
  }
}

/** With the order in which a scan meets the rows. */
async function everythingIn(store: Store): Promise<unknown> {
  const scans = [];
  for (const { name: from } of schema.tables) scans.push(await store.writer.all(`SELECT * FROM ${from}`));
  return { contents: await contentsOf(store), scans };
}

describe("copies that have the same log", () => {
  it("are equal, whether they read it from its beginning, in pieces, or took a snapshot", () =>
    fc.assert(
      fc.asyncProperty(commits, fc.nat(), (all, at) =>
        withUndoing(async (undoing) => {
          const history = new History();
          const master = await openCopy(undoing);
          history.add(marker(1));
          await master.apply(history.entries);
          const snapshotAfter = at % all.length;
          const directory = await temporaryDirectory(undoing);
          let placed = 0;
          for (const [i, writes] of all.entries()) {
            await history.commit(master, writes, Date.UTC(2026, 0, 1) + i * 86_399_937);
            if (i !== snapshotAfter) continue;
            await master.readers.copyTo(`${directory}/data.db`);
            placed = history.entries.length;
          }
          const wanted = await everythingIn(master);

          const atOnce = await openCopy(undoing);
          await atOnce.apply(history.entries);
          assert.deepEqual(await everythingIn(atOnce), wanted);

          const singly = await openCopy(undoing);
          for (const record of history.entries) await singly.apply([record]);
          assert.deepEqual(await everythingIn(singly), wanted);

          const fromSnapshot = await Store.open(directory);
          undoing.after(() => fromSnapshot.close());
          await fromSnapshot.apply(history.entries.slice(placed));
          assert.deepEqual(await everythingIn(fromSnapshot), wanted);
        }),
      ),
      { numRuns: runs(60) },
    ));
});
