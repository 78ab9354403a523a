// SQL of several requests in one call: what comes of it is what comes of the same statements one by one, on the master and on a copy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import type { Param, SqlShape, WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { listLimits } from "../../../../worker/sql/run-list.ts";
import type { CommitLimits, PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { runs } from "../../../support/runs.ts";
import { contentsOf, entry, openCopy, type Undoing, withUndoing } from "../copies.ts";
import { shop } from "../schemas.ts";

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A master with a copy that follows it, and chance that is the same for each of them. */
class Followed {
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

const sql = (text: string, ...params: readonly Param[]): WriteStatement => ({
  shape: { kind: "sql", sql: text },
  rows: [params],
});

/** The same, in a form that is carried out by itself. */
const byItself = ({ shape, rows }: WriteStatement): WriteStatement => ({
  shape: { kind: "batch", lone: true, parts: [{ shape: shape as SqlShape, rows: 1 }] },
  rows,
});

/** With triggers, and a reference that is looked at in the end only. */
const definitions = [
  "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT CHECK (text <> 'bad'), at TEXT DEFAULT CURRENT_TIMESTAMP, " +
    "chance INTEGER DEFAULT (random()), parent INTEGER REFERENCES notes DEFERRABLE INITIALLY DEFERRED)",
  "CREATE TABLE seen (text TEXT, n INTEGER)",
  "CREATE TRIGGER noted AFTER INSERT ON notes BEGIN INSERT INTO seen VALUES (new.text, abs(random() % 9)); END",
  "CREATE TRIGGER failing AFTER INSERT ON notes WHEN new.text = 'fail' BEGIN SELECT RAISE(FAIL, 'it fails'); END",
  "CREATE TRIGGER rolling AFTER INSERT ON notes WHEN new.text = 'roll' BEGIN SELECT RAISE(ROLLBACK, 'it rolls'); END",
].map(
  (text): WriteStatement => ({ shape: { kind: "sql", sql: text, schema: true } as WriteShape, rows: [[]] }),
);

const rolling = "INSERT INTO notes (text) VALUES ('roll')";

const word = fc.constantFrom("a", "b", "bad", "fail", "", "with\u0000in", "ü✓");
const few = fc.nat({ max: 4 });
const statement = fc.oneof(
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
function assertFew({ calls: { master, slave } }: Followed): void {
  assert.ok(master < 20 && slave < 20, `${master} and ${slave} calls`);
}

describe("SQL of several requests in one call", () => {
  it("is answered, recorded and kept as if each statement were carried out by itself", async () => {
    const lists = fc.array(fc.array(statement, { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(lists, async (commits) => {
        await withUndoing(async (undoing) => {
          const [listed, alone] = [await Followed.open(undoing), await Followed.open(undoing)];
          for (const one of [listed, alone]) {
            await one.commit(...definitions);
            // What is behind one that takes the transaction with it has been given chance already, in vain.
            one.sameSeed = commits.flat().some(({ shape }) => "sql" in shape && shape.sql === rolling);
          }
          for (const statements of commits) {
            const results = await listed.commit(...statements);
            assert.deepEqual(results, await alone.commit(...statements.map(byItself)));
            assert.deepEqual(listed.last, alone.last);
          }
          assert.deepEqual(await contentsOf(listed.master), await contentsOf(alone.master));
        });
      }),
      { numRuns: runs(60) },
    );
  });

  it("takes few calls, whatever their texts are", async (t) => {
    const followed = await Followed.open(t);
    const texts = Array.from({ length: 60 }, (_, i) =>
      sql(`INSERT INTO orders (item) VALUES (? || ${i % 30})`, "x"),
    );
    const results = await followed.commit(...texts, ...texts);
    assert.deepEqual(
      results.map(({ lastInsertRowid }) => lastInsertRowid),
      results.map((_, i) => i + 1),
    );
    assertFew(followed);
  });

  it("takes a further call behind as many statements, and as much text, as one may have", async (t) => {
    const followed = await Followed.open(t);
    const many = Array.from({ length: listLimits.statementsMax + 1 }, (_, i) =>
      sql("INSERT INTO people (name) VALUES (?)", `p${i}`),
    );
    assert.ok((await followed.commit(...many)).every(({ ok }) => ok));
    assert.ok(followed.calls.master > 1 && followed.calls.slave > 1);
    assertFew(followed);
    const large = "x".repeat(listLimits.charactersEnough / 4);
    const answers = await followed.commit(
      ...Array.from({ length: 12 }, () => sql("INSERT INTO orders (item) VALUES (?) RETURNING item", large)),
    );
    assert.ok(answers.every(({ rows }) => rows[0][0] === large));
    assert.ok(followed.calls.master > 4, "all of it came at once");
  });

  it("counts the size of the record, in which each has its text", async (t) => {
    const followed = await Followed.open(t);
    const shape: WriteShape = {
      kind: "sql",
      sql: `INSERT INTO orders (item) VALUES (?) /* ${"x".repeat(90_000)} */`,
    };
    const outcomes = await followed.outcomes(Array.from({ length: 200 }, () => ({ shape, rows: [["x"]] })));
    const done = outcomes.filter((outcome) => outcome !== "left").length;
    assert.ok(done > 40 && done < 70, String(done));
    assert.equal(outcomes.indexOf("left"), done);
  });

  it("names the one that may not go on: those before it are done, and those behind it are left", async (t) => {
    const followed = await Followed.open(t);
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO people (name) SELECT max(i) FROM n";
    const outcomes = await followed.outcomes(
      [
        sql("INSERT INTO people (name) VALUES ('ada')"),
        sql("INSERT INTO people (name) VALUES ('ada')"),
        sql("INSERT INTO people (name) VALUES ('bob')"),
        sql(endless),
        sql("INSERT INTO people (name) VALUES ('eve')"),
      ],
      { budgetMs: Number.POSITIVE_INFINITY, mayGoOn: (_, ranMs) => ranMs < 50 },
    );
    assert.deepEqual(
      outcomes.map((outcome) => (typeof outcome === "string" ? outcome : outcome.ok)),
      [true, false, true, "tooLong", "left"],
    );
    assert.deepEqual(
      (await followed.master.writer.all("SELECT name FROM people")).map(({ name }) => name),
      ["ada", "bob"],
    );
  });

  it("keeps none waiting for others that take their time: what the commit has no time for is left", async (t) => {
    const followed = await Followed.open(t);
    const slow =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) INSERT INTO orders (item) SELECT max(i) FROM n";
    const outcomes = await followed.outcomes(
      Array.from({ length: 200 }, () => sql(slow)),
      { budgetMs: 50, mayGoOn: () => true },
    );
    const done = outcomes.filter((outcome) => outcome !== "left").length;
    assert.ok(done > 0 && done < 100, String(done));
    assert.equal(outcomes.indexOf("left"), done);
  });
});
