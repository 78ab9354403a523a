// SQL in a group commit: what is answered, what the record carries, and that one statement harms no other.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import type { Param, Part, WriteStatement } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { type Append, committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { insertion, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

class Log {
  readonly records: BatchRecord[] = [];
  readonly append: Append = async (content) => {
    this.records.push(decodeRecord(content) as BatchRecord);
    return { offset: 100 + this.records.length, checksum: checksumOf(content) };
  };

  get last(): BatchRecord {
    return this.records.at(-1) as BatchRecord;
  }
}

const sql = (text: string, ...params: readonly Param[]): WriteStatement => ({
  shape: { kind: "sql", sql: text },
  rows: [params],
});
const person = (name: string): WriteStatement => insertion("people", ["name"], [name]);

function together(...statements: readonly (WriteStatement & { readonly expect?: number })[]): WriteStatement {
  const parts = statements.map(({ shape, rows, expect }) => ({
    shape,
    rows: rows.length,
    ...(expect === undefined ? {} : { expect }),
  }));
  return {
    shape: { kind: "batch", parts: parts as readonly Part[] },
    rows: statements.flatMap(({ rows }) => rows),
  };
}

let made = 0;
function write({ shape, rows }: WriteStatement, key?: string): PendingWrite {
  made += 1;
  const item = { index: made, shape: 0, rows, key: key ?? `api-${made}#0` };
  return { shape, message: `api-${made}`, item };
}

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

async function commit(store: Store, log: Log, ...writes: PendingWrite[]) {
  const input = { writes, chores: [], epoch: 1, atMs, logMs: 1, limits: unlimited };
  return parsed(await committed(ledgerOf(store), input, log.append));
}

const names = async (store: Store) =>
  (await store.writer.all("SELECT name FROM people ORDER BY name")).map(({ name }) => name);

describe("a write in SQL", () => {
  it("is answered with what it changed and returned, beside the row forms of its commit", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const results = await commit(
      store,
      log,
      write(person("ada")),
      write(sql("INSERT INTO orders (item) VALUES (?), (?) RETURNING id, item, id AS id", "tea", "milk")),
      write(sql("UPDATE people SET age = coalesce(age, 0) + 1")),
      write(sql("SELECT count(*) AS n FROM people")),
    );
    const columns = [
      { name: "id", type: "INTEGER" },
      { name: "item", type: "TEXT" },
      { name: "id", type: "INTEGER" },
    ];
    const rows = [
      [1, "tea", 1],
      [2, "milk", 2],
    ];
    assert.deepEqual(results, [
      { ok: true, rowsAffected: 1, position: 2 },
      { ok: true, rowsAffected: 2, lastInsertRowid: 2, columns, rows, position: 2 },
      { ok: true, rowsAffected: 1, columns: [], rows: [], position: 2 },
      { ok: true, rowsAffected: 0, columns: [{ name: "n", type: null }], rows: [[1]], position: 2 },
    ]);
    // What only reads has no effect on a copy, and its answer is kept like any other.
    assert.deepEqual([log.last.effects.length, log.last.keys.length], [3, 4]);
  });

  it("has the time of its record, and chance that stands in it", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const text = "INSERT INTO orders (item) VALUES (datetime('now') || random()) RETURNING item";
    const [one, two] = await commit(store, log, write(sql(text)), write(sql(text)));
    assert.match(String(one?.rows[0][0]), /^2026-01-02 03:04:05-?\d+$/);
    assert.notEqual(one?.rows[0][0], two?.rows[0][0]);
    const [seen, other] = log.last.effects.map((effect) => ("seen" in effect ? effect.seen : undefined));
    assert.deepEqual(
      [seen?.atMs, seen?.rowsAffected, seen?.lastInsertRowid, typeof seen?.returned],
      [atMs, 1, "1", "string"],
    );
    assert.ok(seen?.seed !== undefined && seen.seed !== other?.seed);
  });

  it("that is refused harms no other, and is refused again under its key", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const bad = write(sql("INSERT INTO people (name) VALUES ('ada')"), "c:bad");
    const [, refused, fine] = await commit(store, log, write(person("ada")), bad, write(person("bob")));
    assert.deepEqual(
      [refused?.ok, refused?.code, refused?.sqlite, refused?.field],
      [false, "constraint_violation", "SQLITE_CONSTRAINT_PRIMARYKEY", "name"],
    );
    assert.equal(fine?.ok, true);
    const [again] = await commit(store, log, bad);
    assert.deepEqual(again, refused);
    assert.deepEqual(await names(store), ["ada", "bob"]);
  });

  it("that takes the transaction with it is refused, and the others are done", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const [before, refused, after] = await commit(
      store,
      log,
      write(person("ada")),
      write(sql("INSERT OR ROLLBACK INTO people (name) VALUES ('ada')")),
      write(person("bob")),
    );
    assert.deepEqual(
      [before?.ok, refused?.code, after?.ok],
      [true, "constraint_violation", true],
      JSON.stringify(refused),
    );
    assert.deepEqual(await names(store), ["ada", "bob"]);
    assert.equal(log.records.length, 1);
  });

  it("leaves nothing behind when it fails half-way", async (t) => {
    const store = await openCopy(t, shop);
    const [refused] = await commit(
      store,
      new Log(),
      write(sql("INSERT OR FAIL INTO people (name) VALUES ('ada'), ('ada')")),
    );
    assert.equal(refused?.ok, false);
    assert.deepEqual(await names(store), []);
  });

  it("that answers too much is refused, with nothing done", async (t) => {
    const store = await openCopy(t, shop);
    const many =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) " +
      "INSERT INTO orders (item) SELECT hex(zeroblob(250)) FROM n RETURNING item";
    const [refused] = await commit(store, new Log(), write(sql(many)));
    assert.deepEqual([refused?.code, refused?.sqlite], ["too_large", "SQLITE_TOOBIG"]);
    assert.deepEqual(await store.writer.all("SELECT * FROM orders"), []);
  });

  it("that may not go on is undone, and those before it are done", async (t) => {
    const store = await openCopy(t, shop);
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO people (name) SELECT max(i) FROM n";
    const input = {
      writes: [write(person("ada")), write(sql(endless))],
      chores: [],
      epoch: 1,
      atMs,
      logMs: 1,
      limits: { budgetMs: 1_000, mayGoOn: (_: PendingWrite, ranMs: number) => ranMs < 50 },
    };
    const outcomes = await committed(ledgerOf(store), input, new Log().append);
    assert.deepEqual(
      outcomes.map((outcome) => (typeof outcome === "string" ? outcome : outcome.ok)),
      [true, "tooLong"],
    );
    assert.deepEqual(await names(store), ["ada"]);
  });
});

describe("several statements of one request", () => {
  it("are done in their order, each with its own result, under one key", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const all = write(
      together(
        insertion("people", ["name", "age"], ["ada", 1], ["bob", 2]),
        sql("UPDATE people SET age = age * 10 WHERE age > ? RETURNING name", 1),
        sql("SELECT sum(age) FROM people"),
        insertion("orders", ["item"], ["tea"]),
        {
          shape: { kind: "delete", table: "people", where: { op: "=", column: "name", param: 0 } },
          rows: [["ada"]],
        },
      ),
      "c:all",
    );
    const [result] = await commit(store, log, all);
    assert.deepEqual(result, {
      ok: true,
      position: 2,
      rowsAffected: 5,
      results: [
        { rowsAffected: 2 },
        { rowsAffected: 1, columns: [{ name: "name", type: "TEXT" }], rows: [["bob"]] },
        { rowsAffected: 0, columns: [{ name: "sum(age)", type: null }], rows: [[21]] },
        { rowsAffected: 1, ids: [1] },
        { rowsAffected: 1 },
      ],
    });
    assert.equal(log.last.effects.length, 4);
    assert.deepEqual(await commit(store, log, all), [result]);
    assert.equal(log.records.length, 1);
  });

  it("are all undone when one is refused, which is named", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const failing = [
      [sql("INSERT INTO people (name) VALUES ('ada')"), "constraint_violation", "statements[1].name"],
      [sql("SELECT * FROM nowhere"), "bad_request", "statements[1].sql"],
      [insertion("people", ["nmae"], ["x"]), "unknown_column", "statements[1].columns[0]"],
      [{ ...sql("DELETE FROM people"), expect: 2 }, "unexpected_result", "statements[1].expect.rowsAffected"],
      [{ ...person("bob"), expect: 0 }, "unexpected_result", "statements[1].expect.rowsAffected"],
    ] as const;
    for (const [i, [statement, code, field]] of failing.entries()) {
      const [refused, other] = await commit(
        store,
        log,
        write(together(person("ada"), statement, person("eve"))),
        write(person(`other ${i}`)),
      );
      assert.deepEqual([refused?.ok, refused?.code, refused?.field], [false, code, field]);
      assert.equal(other?.ok, true);
    }
    assert.equal((await names(store)).filter((name) => !String(name).startsWith("other")).length, 0);
    assert.equal(log.last.effects.length, 1);
  });

  it("that take the transaction with them are refused by name, and the others are done", async (t) => {
    const store = await openCopy(t, shop);
    const rollback = sql("INSERT OR ROLLBACK INTO people (name) VALUES ('ada')");
    const [before, refused] = await commit(
      store,
      new Log(),
      write(person("bob")),
      write(together(person("ada"), rollback)),
    );
    assert.deepEqual([before?.ok, refused?.code], [true, "constraint_violation"]);
    assert.deepEqual(await names(store), ["bob"]);
  });

  it("a lone one that expects something is answered for itself", async (t) => {
    const store = await openCopy(t, shop);
    const log = new Log();
    const lone = (statement: WriteStatement, expect: number): WriteStatement => {
      const { shape, rows } = together({ ...statement, expect });
      return { shape: { ...shape, lone: true } as WriteStatement["shape"], rows };
    };
    const results = await commit(
      store,
      log,
      write(lone(person("ada"), 1)),
      write(lone(sql("DELETE FROM people"), 2)),
    );
    assert.deepEqual(results[0], { ok: true, rowsAffected: 1, position: 2 });
    assert.deepEqual([results[1]?.code, results[1]?.field], ["unexpected_result", "expect.rowsAffected"]);
    assert.deepEqual(await names(store), ["ada"]);
  });
});
