import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Answer, ReadBatch } from "../../../../core/messages/queues.ts";
import type { Param, ReadShape } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { answerReads } from "../../../../worker/read/answer-reads.ts";
import { batch, entry, insertion, openCopy, replying, type Undoing } from "../copies.ts";
import { shop } from "../schemas.ts";

const limits = { queryMs: 500, freshWithinMs: 100, answerWithinMs: 60_000 };
const sql = (text: string): ReadShape => ({ kind: "sql", sql: text });

async function withPeople(t: Undoing): Promise<Store> {
  const store = await openCopy(t, shop);
  const rows = [
    ["ada", 36],
    ["bob", 41],
  ];
  await store.apply([entry(2, batch(2, [insertion("people", ["name", "age"], ...rows)]))]);
  return store;
}

/** The answers by the order of the requests: each a shape with its parameters. */
const answers = (store: Store, ...asked: readonly (readonly [ReadShape, ...Param[]])[]) =>
  answersWith(store, {}, ...asked);

/** @param mayHold whether more reads may wait outside the slots of others */
async function answersWith(
  store: Store,
  { mayHold = true, queryMs = limits.queryMs },
  ...asked: readonly (readonly [ReadShape, ...Param[]])[]
) {
  const shapes = [...new Set(asked.map(([shape]) => shape))];
  const items = asked.map(([shape, ...params], index) => ({ index, shape: shapes.indexOf(shape), params }));
  const reads: ReadBatch = { v: 1, deadlineMs: Date.now() + 10_000, attempt: 1, shapes, items };
  const out: Answer[] = [];
  await answerReads(
    store,
    reads,
    { ...limits, queryMs },
    {
      ...replying((some) => void out.push(...some)),
      hold: () => mayHold,
    },
  );
  assert.equal(out.length, asked.length);
  return out
    .sort((a, b) => a.index - b.index)
    .map(({ ok, body, position }) => ({ ok, position, ...JSON.parse(body.toString()) }));
}

const byName = sql("SELECT name, age + 1 AS next FROM people WHERE name = ?");
const columns = [
  { name: "name", type: "TEXT" },
  { name: "next", type: null },
];

describe("reads in SQL", () => {
  it("are answered with their columns and rows, each for itself, beside row forms", async (t) => {
    const store = await withPeople(t);
    const rowForm: ReadShape = { kind: "count", table: "people" };
    const seen = await answers(store, [byName, "bob"], [rowForm], [byName, "nobody"], [byName, "ada"]);
    assert.deepEqual(seen, [
      { ok: true, position: 2, columns, rows: [["bob", 42]] },
      { ok: true, position: 2, 0: { count: 2 } },
      { ok: true, position: 2, columns, rows: [] },
      { ok: true, position: 2, columns, rows: [["ada", 37]] },
    ]);
  });

  it("one that is refused harms no other of its kind", async (t) => {
    const store = await withPeople(t);
    const sum = sql("SELECT abs(?)");
    const seen = await answers(store, [sum, 1], [sum, ["integer", "-9223372036854775808"]], [sum, 3]);
    assert.deepEqual(
      seen.map(({ ok, rows, code, sqlite }) => [ok, rows ?? code, sqlite]),
      [
        [true, [[1]], undefined],
        [false, "bad_request", "SQLITE_ERROR"],
        [true, [[3]], undefined],
      ],
    );
  });

  it("write nothing", async (t) => {
    const store = await withPeople(t);
    const [refused] = await answers(store, [sql("DELETE FROM people")]);
    assert.deepEqual([refused?.ok, refused?.code, refused?.field], [false, "bad_request", "sql"]);
    assert.match(refused?.message, /belongs to db\/write/);
  });

  it("one that runs too long is ended, and the copy serves on", async (t) => {
    const store = await withPeople(t);
    const endless = sql(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    );
    const [slow, quick] = await answers(store, [endless], [byName, "ada"]);
    assert.deepEqual([slow?.code, quick?.ok], ["query_timeout", true]);
  });

  it("one that took long once is answered when it is quick, also where no more may wait", async (t) => {
    const store = await withPeople(t);
    const counting = sql(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT count(*) FROM n",
    );
    const [slow] = await answers(store, [counting, 1e9]);
    assert.equal(slow?.code, "query_timeout");
    const [stillSlow] = await answersWith(store, { mayHold: false }, [counting, 1e9]);
    assert.equal(stillSlow?.code, "unavailable");
    const [quick] = await answersWith(store, { mayHold: false }, [counting, 5]);
    assert.deepEqual([quick?.ok, quick?.rows], [true, [[5]]]);
  });

  it("answers are bounded in bytes and rows, also those of a group", async (t) => {
    const store = await withPeople(t);
    const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT";
    // Their size is what ends them, not their time.
    const patient = { queryMs: 60_000 };
    const [rows] = await answersWith(store, patient, [sql(`${many} 100001) SELECT i FROM n`)]);
    assert.equal(rows?.code, "too_large");
    const [bytes] = await answersWith(store, patient, [
      sql(`${many} 20) SELECT hex(zeroblob(500000)) FROM n`),
    ]);
    assert.equal(bytes?.code, "too_large");
    const half = sql(`${many} ?) SELECT hex(zeroblob(500000)) FROM n`);
    const seen = await answersWith(store, patient, [half, 6], [half, 6], [half, 1]);
    assert.deepEqual(
      seen.map(({ ok, rows: some }) => [ok, some?.length]),
      [
        [true, 6],
        [true, 6],
        [true, 1],
      ],
    );
  });
});
