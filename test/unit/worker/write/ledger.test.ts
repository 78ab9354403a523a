import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Refusal } from "../../../../core/errors.ts";
import { type BatchRecord, checksumOf, decodeRecord, type Effect } from "../../../../core/log/record.ts";
import type { Param, WriteStatement } from "../../../../core/messages/statement.ts";
import type { Table } from "../../../../core/schema.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { runs } from "../../../../worker/write/apply-writes.ts";
import type { PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { type Append, committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { contentsOf, insertion, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

/** A log that takes every record, and keeps it. */
function takingLog() {
  const records: BatchRecord[] = [];
  const append: Append = async (content) => {
    records.push(decodeRecord(content) as BatchRecord);
    return { offset: 100 + records.length, checksum: checksumOf(content) };
  };
  return { records, append };
}

const chore = (effect: Effect) => ({ effect, onRefused: (refusal: Refusal) => assert.fail(refusal.message) });

let made = 0;
const write = ({ shape, rows }: WriteStatement, key?: string, hash?: string): PendingWrite => {
  made += 1;
  const item = { index: made, shape: 0, rows, key: key ?? `api-${made}#0` };
  return { shape, message: `api-${made}`, item: hash === undefined ? item : { ...item, hash } };
};

const person = (name: string | null, age: number | null = null) =>
  insertion("people", ["name", "age"], [name, age]);
const order = (item: string | null) => insertion("orders", ["item"], [item]);

async function commit(store: Store, log: ReturnType<typeof takingLog>, ...writes: PendingWrite[]) {
  const input = { writes, chores: [], epoch: 1, atMs: 1_000, logMs: 1_000, limits: unlimited };
  return parsed(await committed(ledgerOf(store), input, log.append));
}

const people = async (store: Store) =>
  (await store.writer.all("SELECT name FROM people ORDER BY name")).map((row) => row.name);

describe("one group commit", () => {
  it("puts all requests into one record and answers each with the record's position", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const results = await commit(store, log, write(person("ada")), write(order("tea")), write(person("bob")));
    assert.deepEqual(results, [
      { ok: true, rowsAffected: 1, position: 2 },
      { ok: true, rowsAffected: 1, ids: [1], position: 2 },
      { ok: true, rowsAffected: 1, position: 2 },
    ]);
    assert.equal(log.records.length, 1);
    assert.equal(log.records[0]?.position, 2);
    assert.equal(log.records[0]?.keys.length, 3);
    assert.deepEqual(store.applied.position, 2);
    assert.deepEqual(store.applied.offset, 101);
    assert.deepEqual(await people(store), ["ada", "bob"]);
  });

  it("one request that is refused harms no other, and is in no effect of the record", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const results = await commit(
      store,
      log,
      write(person("ada")),
      write(person("ada")),
      write(insertion("pepole", ["name"], ["x"])),
      write(insertion("people", ["name", "agee"], ["x", 1])),
      write(insertion("people", ["name", "age"], ["y", "old"])),
      write(person("bob")),
    );
    assert.deepEqual(
      results.map(({ ok, code, field }) => [ok, code, field]),
      [
        [true, undefined, undefined],
        [false, "constraint_violation", "name"],
        [false, "unknown_table", "table"],
        [false, "unknown_column", "columns[1]"],
        [false, "bad_request", "age"],
        [true, undefined, undefined],
      ],
    );
    assert.deepEqual(await people(store), ["ada", "bob"]);
    assert.deepEqual(log.records[0]?.effects, [person("ada"), person("bob")]);
  });

  it("a wrong value for a counted key is refused, in a group and alone, and harms nobody", async (t) => {
    const store = await openCopy(t, shop);
    const keyed = (id: Param) => write(insertion("orders", ["id", "item"], [id, "tea"]));
    const wrong = ["abc", 17.5, "9223372036854775808", "1e400", "", 1e300];
    const results = await commit(store, takingLog(), keyed(1), ...wrong.map(keyed), keyed(2));
    assert.deepEqual(
      results.map(({ ok, code }) => code ?? ok),
      [true, ...wrong.map(() => "bad_request"), true],
    );
  });

  it("inserts of one shape run as one statement, and each learns the key that was counted for it", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const results = await commit(store, log, write(order("tea")), write(order("milk")), write(order("rice")));
    assert.deepEqual(
      results.map(({ ids }) => ids),
      [[1], [2], [3]],
    );
    assert.equal(log.records[0]?.effects.length, 1);
  });

  it("a group with a bad member is broken up, and the counted keys have no hole by it", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const results = await commit(store, log, write(order("tea")), write(order(null)), write(order("rice")));
    assert.deepEqual(
      results.map(({ ok, ids }) => [ok, ids]),
      [
        [true, [1]],
        [false, undefined],
        [true, [2]],
      ],
    );
  });

  it("a request of several rows is applied whole or not at all", async (t) => {
    const store = await openCopy(t, shop);
    const several = insertion("people", ["name"], ["ada"], ["bob"], ["ada"]);
    const [result] = await commit(store, takingLog(), write(several));
    assert.equal(result?.ok, false);
    assert.deepEqual(await people(store), []);
  });

  it("an upsert in a group tells each request what it changed", async (t) => {
    const store = await openCopy(t, shop);
    const upsert = (name: string) =>
      write({
        shape: { kind: "insert", table: "people", columns: ["name"], onConflict: "update" },
        rows: [[name]],
      });
    const results = await commit(store, takingLog(), upsert("ada"), upsert("bob"), upsert("ada"));
    assert.deepEqual(
      results.map(({ rowsAffected }) => rowsAffected),
      [1, 1, 0],
    );
  });

  it("clear empties everything, in its place among the others", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const clear = write({ shape: { kind: "clear" }, rows: [] });
    const results = await commit(store, log, write(person("ada")), clear, write(person("bob")));
    assert.ok(results.every(({ ok }) => ok));
    assert.deepEqual(await people(store), ["bob"]);
  });

  it("any number of barriers take one place in the log and no key", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const barrier = () => write({ shape: { kind: "barrier" }, rows: [] });
    const results = await commit(store, log, barrier(), barrier());
    assert.deepEqual(
      results.map(({ position }) => position),
      [2, 2],
    );
    assert.deepEqual([log.records[0]?.effects.length, log.records[0]?.keys.length], [1, 0]);
  });

  it("nothing to do takes no place in the log", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    assert.deepEqual(await commit(store, log), []);
    assert.deepEqual([log.records.length, store.applied.position], [0, 1]);
  });

  it("chores go into the log like anybody's request", async (t) => {
    const store = await openCopy(t);
    const log = takingLog();
    const input = {
      writes: [],
      chores: [chore({ schema: shop })],
      epoch: 1,
      atMs: 0,
      logMs: 0,
      limits: unlimited,
    };
    await committed(ledgerOf(store), input, log.append);
    assert.deepEqual(log.records[0]?.effects, [{ schema: shop }]);
    assert.deepEqual(store.schema, shop);
    const [result] = await commit(store, log, write(person("ada")));
    assert.equal(result?.ok, true);
  });
});

describe("a chore that the data does not allow", () => {
  it("is not done, is told, and stops nothing else", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await commit(store, log, write(person("ada", 7)), write(person("bob", 7)));
    const [people, ...others] = shop.tables as [Table, ...Table[]];
    const unique = { ...people, indexes: [{ columns: ["age"], unique: true }] };
    const refusals: string[] = [];
    const chores = [
      {
        effect: { schema: { tables: [unique, ...others] } },
        onRefused: (r: Refusal) => refusals.push(r.code),
      },
      chore({ expireKeys: { clientBeforeMs: 0, ownBeforeMs: 0 } }),
    ];
    await committed(
      ledgerOf(store),
      { writes: [], chores, epoch: 1, atMs: 0, logMs: 0, limits: unlimited },
      log.append,
    );
    assert.deepEqual(refusals, ["constraint_violation"]);
    assert.deepEqual(store.schema, shop);
    assert.deepEqual(log.records[1]?.effects, [{ expireKeys: { clientBeforeMs: 0, ownBeforeMs: 0 } }]);
    const [result] = await commit(store, log, write(person("eve", 7)));
    assert.equal(result?.ok, true);
  });
});

describe("a write that runs too long", () => {
  const many = Array.from({ length: 3_000 }, (_, i) => ["a".repeat(1_000) + i, i]);
  const patterns = Array.from({ length: 5 }, (_, i) => `%${"a".repeat(160)}${i}x`);
  const nearly = patterns.map((_, param) => ({ op: "like", column: "name", param }) as const);
  /** Compares every row with patterns that nearly match at each of its letters. */
  const slow = (key: string, hash?: string) =>
    write(
      { shape: { kind: "delete", table: "people", where: { op: "or", of: nearly } }, rows: [patterns] },
      key,
      hash,
    );

  it("is interrupted, those before it are done, and nothing has happened of it and of those behind it", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await commit(store, log, write(insertion("people", ["name", "age"], ...many)));
    const writes = [write(person("first")), slow("c:s", "h"), write(person("last"))];
    const limits = { budgetMs: 2_000, mayGoOn: (_: PendingWrite, ranMs: number) => ranMs < 50 };
    const input = { writes, chores: [], epoch: 1, atMs: 0, logMs: 0, limits };
    const [first, ...others] = await committed(ledgerOf(store), input, log.append);
    assert.equal(typeof first === "object" && first.ok, true);
    assert.deepEqual(others, ["tooLong", "left"]);
    assert.deepEqual(log.records.at(-1)?.effects, [person("first")]);
    const [, last] = await commit(store, log, ...writes.slice(0, 1), ...writes.slice(2));
    assert.equal(last?.ok, true);
  });

  it("alone takes no place in the log", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await commit(store, log, write(insertion("people", ["name", "age"], ...many)));
    const limits = { budgetMs: 2_000, mayGoOn: (_: PendingWrite, ranMs: number) => ranMs < 50 };
    const input = { writes: [slow("c:s", "h")], chores: [], epoch: 1, atMs: 0, logMs: 0, limits };
    assert.deepEqual(await committed(ledgerOf(store), input, log.append), ["tooLong"]);
    assert.equal(log.records.length, 1);
  });

  it("and was given up is refused for good under its key", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const refusal = new Refusal("query_timeout", "the write was interrupted");
    const [refused] = await commit(store, log, { ...slow("c:s", "h"), refusal });
    assert.equal(refused?.code, "query_timeout");
    const [again] = await commit(store, log, slow("c:s", "h"));
    assert.deepEqual(again, refused);
  });
});

describe("a record of the log", () => {
  const wide = Array.from({ length: 250 }, (_, i) => ({ op: "=", column: "name", param: i }) as const);
  /** Requests that share a large shape in their message each have a copy of it in the record. */
  const shape = { kind: "delete", table: "people", where: { op: "or", of: wide } } as const;
  const deletion = () => write({ shape, rows: [wide.map(({ param }) => `nobody ${param}`)] });

  const commitAll = async (store: Store, log: ReturnType<typeof takingLog>, writes: PendingWrite[]) => {
    let left = writes;
    const sizes: number[] = [];
    const append: Append = async (content) => {
      sizes.push(content.length);
      return log.append(content);
    };
    while (left.length > 0) {
      const input = { writes: left, chores: [], epoch: 1, atMs: 0, logMs: 0, limits: unlimited };
      const outcomes = await committed(ledgerOf(store), input, append);
      const next = left.filter((_, i) => outcomes[i] === "left");
      assert.ok(next.length < left.length);
      left = next;
    }
    return sizes;
  };

  it("stays far below what the broker takes, however many requests share a large shape", async (t) => {
    const store = await openCopy(t, shop);
    const sizes = await commitAll(store, takingLog(), Array.from({ length: 700 }, deletion));
    assert.ok(sizes.length > 1);
    assert.ok(Math.max(...sizes) < 5 * 1024 * 1024, sizes.join());
  });

  it("holds one request by itself when two are too large, and the answers count", async (t) => {
    const store = await openCopy(t, shop);
    const large = (n: number) => write(person("x".repeat(7 * 1024 * 1024) + n));
    const sizes = await commitAll(store, takingLog(), [large(1), large(2)]);
    assert.equal(sizes.length, 2);
  });

  it("that one request would make too large is not written: the request is refused for good, alone", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const huge = write(person("x".repeat(13 * 1024 * 1024)), "c:huge", "h");
    assert.equal((await commitAll(store, log, [write(person("ada")), huge])).length, 2);
    const [refused] = await commit(store, log, huge);
    assert.equal(refused?.code, "too_large");
    assert.deepEqual(await people(store), ["ada"]);
  });
});

describe("a copy that has no room left", () => {
  /** The file may not grow by more than a few pages. */
  const limitPages = async (store: Store, more: number) => {
    const [row] = await store.writer.all("PRAGMA page_count");
    await store.writer.exec(`PRAGMA max_page_count = ${Number(row?.page_count) + more}`);
  };
  const large = (name: string) => person(name + "x".repeat(50_000));

  it("refuses what does not fit, applies what does, and goes on when there is room again", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await limitPages(store, 4);
    const results = await commit(store, log, write(person("ada")), write(large("b")), write(person("bob")));
    assert.deepEqual(
      results.map(({ ok, code }) => [ok, code]),
      [
        [true, undefined],
        [false, "storage_full"],
        [true, undefined],
      ],
    );
    await limitPages(store, 1_000);
    const [again] = await commit(store, log, write(large("b"), "c:k", "h"));
    assert.equal(again?.ok, true);
  });

  it("refuses everything when not even the keys fit, leaves nothing behind, and remembers no refusal", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await limitPages(store, 0);
    const before = await contentsOf(store);
    const many = Array.from({ length: 300 }, (_, i) => write(person(`p${i}`), `c:k${i}`, "h"));
    const results = await commit(store, log, ...many);
    assert.ok(results.every(({ code }) => code === "storage_full"));
    assert.deepEqual(await contentsOf(store), before);
    assert.equal(log.records.length, 0);
    await limitPages(store, 1_000);
    const again = await commit(store, log, ...many);
    assert.ok(again.every(({ ok }) => ok));
  });
});

describe("a record that does not come back from the log", () => {
  it("leaves the copy as it was: data, keys and place", async (t) => {
    const store = await openCopy(t, shop);
    const before = await contentsOf(store);
    const failing: Append = () => Promise.reject(new Error("own record did not come back"));
    const writes = [write(person("ada"), "c:k", "h"), write(order("tea"))];
    await assert.rejects(
      committed(
        ledgerOf(store),
        { writes, chores: [], epoch: 1, atMs: 0, logMs: 0, limits: unlimited },
        failing,
      ),
      /did not come back/,
    );
    assert.deepEqual(await contentsOf(store), before);
    const [again] = await commit(store, takingLog(), ...writes);
    assert.deepEqual(again, { ok: true, rowsAffected: 1, position: 2 });
  });

  it("leaves the schema as it was", async (t) => {
    const store = await openCopy(t);
    const failing: Append = () => Promise.reject(new Error("fenced"));
    const input = {
      writes: [],
      chores: [chore({ schema: shop })],
      epoch: 1,
      atMs: 0,
      logMs: 0,
      limits: unlimited,
    };
    await assert.rejects(committed(ledgerOf(store), input, failing), /fenced/);
    assert.deepEqual(store.schema, { tables: [] });
    assert.deepEqual(await store.writer.all("SELECT name FROM sqlite_schema WHERE name = 'people'"), []);
  });
});

describe("idempotency keys", () => {
  it("one key twice in a batch is applied once and answered twice", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const results = await commit(store, log, write(order("tea"), "k"), write(order("tea"), "k"));
    assert.deepEqual(results[0], results[1]);
    assert.deepEqual(log.records[0]?.effects, [order("tea")]);
  });

  it("a key that comes again in a later batch gets its first answer and takes no place", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const first = await commit(store, log, write(order("tea"), "k"));
    await commit(store, log, write(order("milk")));
    const again = await commit(store, log, write(order("tea"), "k"));
    assert.deepEqual(again, first);
    assert.equal(log.records.length, 2);
  });

  it("a known key beside new ones does not change what the new ones get", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    await commit(store, log, write(order("tea"), "k"));
    const results = await commit(store, log, write(order("a")), write(order("tea"), "k"), write(order("b")));
    assert.deepEqual(
      results.map(({ ids }) => ids[0]),
      [2, 1, 3],
    );
  });

  it("a client's key used for another request is refused, together and later", async (t) => {
    const store = await openCopy(t, shop);
    const log = takingLog();
    const together = await commit(
      store,
      log,
      write(order("tea"), "c:k", "h1"),
      write(order("milk"), "c:k", "h2"),
    );
    assert.deepEqual(
      together.map(({ ok, code }) => [ok, code]),
      [
        [true, undefined],
        [false, "key_reused"],
      ],
    );
    const [later] = await commit(store, log, write(order("milk"), "c:k", "h2"));
    assert.equal(later?.code, "key_reused");
    const [same] = await commit(store, log, write(order("tea"), "c:k", "h1"));
    assert.equal(same?.ok, true);
  });

  for (const [whose, key, hash] of [
    ["a client's", "c:k", "h"],
    ["the API's", "api-7#0", undefined],
  ] as const)
    it(`a write refused under ${whose} key stays refused, also when it could now be done`, async (t) => {
      const store = await openCopy(t, shop);
      const log = takingLog();
      await commit(store, log, write(person("ada")));
      const [refused] = await commit(store, log, write(person("ada"), key, hash));
      assert.equal(refused?.code, "constraint_violation");
      const all = { op: "const", value: true } as const;
      await commit(store, log, write({ shape: { kind: "delete", table: "people", where: all }, rows: [[]] }));
      const [again] = await commit(store, log, write(person("ada"), key, hash));
      assert.deepEqual(again, refused);
      assert.deepEqual(await people(store), []);
    });
});

describe("runs", () => {
  it("puts neighbouring inserts of one shape together, and nothing across another request", () => {
    const clear = write({ shape: { kind: "clear" }, rows: [] });
    const two = write(insertion("orders", ["item"], ["a"], ["b"]));
    const writes = [order("1"), order("2"), person("x"), order("3")].map((statement) => write(statement));
    const [a, b, x, c] = writes as [PendingWrite, PendingWrite, PendingWrite, PendingWrite];
    assert.deepEqual(runs([a, b, x, c, clear, c, two, c], [0, 1, 2, 3, 4, 5, 6, 7]), [
      [0, 1],
      [2],
      [3],
      [4],
      [5],
      [6],
      [7],
    ]);
  });
  it("leaves out what was applied before", () => {
    const writes = [order("1"), order("2"), order("3")].map((statement) => write(statement));
    assert.deepEqual(runs(writes, [0, 2]), [[0, 2]]);
  });
});
