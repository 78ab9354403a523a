import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Answer, ReadBatch, ReadItem } from "../../../../core/messages/queues.ts";
import type { Param, ReadShape } from "../../../../core/messages/statement.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { answerReads, type ReadLimits } from "../../../../worker/read/answer-reads.ts";
import { batch, entry, insertion, openCopy, replying, type Undoing } from "../copies.ts";
import { shop } from "../schemas.ts";

const limits = { queryMs: 300, freshWithinMs: 100, answerWithinMs: 60_000 };
const byName: ReadShape = {
  kind: "select",
  table: "people",
  columns: ["name", "age"],
  where: { op: "=", column: "name", param: 0 },
};
const patterns = Array.from({ length: 100 }, (_, param) => param);
/** Compares every row with patterns: with those that nearly match at each of its letters for so long that only the interruption ends it. */
const slowCount: ReadShape = {
  kind: "count",
  table: "people",
  where: { op: "or", of: patterns.map((param) => ({ op: "like", column: "name", param }) as const) },
};
const slowParams = patterns.map(() => `%${"a".repeat(800)}x`);
/** Each row matches the first of them. */
const quickParams = patterns.map(() => "a%");

/** Only an interruption ends it. */
const endless: ReadShape = {
  kind: "sql",
  sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT min(i) FROM n",
};

const read = (shapes: readonly ReadShape[], items: readonly Omit<ReadItem, "index">[]): ReadBatch => ({
  v: 1,
  deadlineMs: Date.now() + 10_000,
  attempt: 1,
  shapes,
  items: items.map((item, index) => ({ ...item, index })),
});
const item = (params: readonly Param[], more: Partial<ReadItem> = {}) => ({ shape: 0, params, ...more });

/** The emitted answers in the order in which they left. */
async function answers(store: Store, asked: ReadBatch, more: Partial<ReadLimits> = {}) {
  const out: (Pick<Answer, "index" | "ok" | "position"> & { readonly json: unknown })[] = [];
  const reply = replying((some) => {
    for (const { index, ok, position, body } of some)
      out.push({ index, ok, position, json: JSON.parse(body.toString()) });
  });
  await answerReads(store, asked, { ...limits, ...more }, reply);
  return out;
}

async function withPeople(t: Undoing, rows: readonly (readonly Param[])[]): Promise<Store> {
  const store = await openCopy(t, shop);
  await store.apply([entry(2, batch(2, [insertion("people", ["name", "age"], ...rows)]))]);
  return store;
}
const long = Array.from({ length: 3_000 }, (_, i) => ["a".repeat(1_000) + i, i]);

describe("answering a batch of reads", () => {
  it("answers each request with its own rows and the position of the copy", async (t) => {
    const store = await withPeople(t, [
      ["ada", 36],
      ["bob", 41],
    ]);
    const seen = await answers(store, read([byName], [item(["bob"]), item(["nobody"]), item(["ada"])]));
    assert.deepEqual(
      seen.sort((a, b) => a.index - b.index),
      [
        { index: 0, ok: true, position: 2, json: [{ name: "bob", age: 41 }] },
        { index: 1, ok: true, position: 2, json: [] },
        { index: 2, ok: true, position: 2, json: [{ name: "ada", age: 36 }] },
      ],
    );
  });

  it("a request that cannot be compiled is refused by its field, the others are answered", async (t) => {
    const store = await withPeople(t, [["ada", 36]]);
    const unknown: ReadShape = { kind: "select", table: "pepole", columns: "*" };
    const seen = await answers(store, read([byName, unknown], [item(["ada"]), item([], { shape: 1 })]));
    const [refused] = seen.filter(({ ok }) => !ok);
    assert.deepEqual(refused?.json, {
      code: "unknown_table",
      message: 'there is no table "pepole"',
      field: "table",
    });
    assert.equal(seen.filter(({ ok }) => ok).length, 1);
  });

  it("a slow query is interrupted; others of its shape and of another are answered", async (t) => {
    const store = await withPeople(t, long);
    const startedAtMs = performance.now();
    const seen = await answers(
      store,
      read(
        [slowCount, byName],
        [item(slowParams), item(quickParams), item(["nobody"], { shape: 1 }), item(slowParams)],
      ),
    );
    assert.ok(performance.now() - startedAtMs < 20_000);
    const byIndex = seen.sort((a, b) => a.index - b.index).map(({ ok, json }) => [ok, json]);
    const tooLong = {
      code: "query_timeout",
      message: "the query ran longer than it may and was interrupted",
    };
    assert.deepEqual(byIndex, [
      [false, tooLong],
      [true, [{ count: long.length }]],
      [true, []],
      [false, tooLong],
    ]);
  });

  it("answers what is quick before a slow query of the same batch has ended", async (t) => {
    const store = await withPeople(t, long);
    const seen = await answers(
      store,
      read([slowCount, byName], [item(slowParams), item(["x"], { shape: 1 })]),
    );
    assert.deepEqual(
      seen.map(({ index }) => index),
      [1, 0],
    );
  });

  it("a slow query leaves a connection that answers the next one", async (t) => {
    const store = await withPeople(t, long);
    await answers(store, read([slowCount], [item(slowParams), item(slowParams)]));
    const [next] = await answers(store, read([slowCount], [item(quickParams)]));
    assert.equal(next?.ok, true);
  });

  it("a pattern longer than can be compared in bounded time is refused", async (t) => {
    const store = await withPeople(t, [["ada", 1]]);
    const tooComplex = patterns.map(() => "%a".repeat(1_000));
    const [refused] = await answers(store, read([slowCount], [item(tooComplex)]));
    assert.equal(refused?.ok, false);
    assert.match(JSON.stringify(refused?.json), /bad_request.*pattern too complex/);
  });

  it("waits for a wanted position, and answers once the copy has it", async (t) => {
    const store = await withPeople(t, [["ada", 36]]);
    const asked = read([byName], [item(["bob"], { minPosition: 3 }), item(["ada"])]);
    const waiting = answers(store, asked, { freshWithinMs: 60_000 });
    await store.apply([entry(3, batch(3, [insertion("people", ["name", "age"], ["bob", 41])]))]);
    const seen = await waiting;
    assert.deepEqual(seen.find(({ index }) => index === 0)?.json, [{ name: "bob", age: 41 }]);
    assert.equal(seen.find(({ index }) => index === 0)?.position, 3);
  });

  it("says not_fresh, and how far it is, when the position does not come in time", async (t) => {
    const store = await withPeople(t, [["ada", 36]]);
    const [refused] = await answers(store, read([byName], [item(["ada"], { minPosition: 9 })]));
    assert.deepEqual(refused, {
      index: 0,
      ok: false,
      position: 2,
      json: { code: "not_fresh", message: "no copy has reached position 9 yet; this one is at 2" },
    });
  });

  it("refuses an answer of too many rows instead of building it", async (t) => {
    const store = await openCopy(t, shop);
    await store.writer.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100001)
       INSERT INTO orders (item) SELECT 'x' FROM n`,
    );
    const all: ReadShape = { kind: "select", table: "orders", columns: ["id"] };
    const generous = { ...limits, queryMs: 60_000 };
    const bodies: string[] = [];
    const reply = replying((some) => bodies.push(...some.map(({ body }) => body.toString())));
    await answerReads(store, read([all], [item([])]), generous, reply);
    assert.match(bodies[0] ?? "", /too_large.*more than 100000 rows.*limit/);
  });

  it("drops what is left of a batch once nobody waits for it", async (t) => {
    let nowMs = 0;
    const store = await openCopy(t, shop, { clock: { ...systemClock, monotonicMs: () => nowMs } });
    const asked = read(
      [endless],
      Array.from({ length: 8 }, () => item([])),
    );
    const answered: number[] = [];
    let holds = 0;
    const reply = {
      ...replying((some) => answered.push(...some.map(({ index }) => index))),
      // Asked when the first read is begun alone, and again when it has left its quick place and the next one may begin.
      hold: () => {
        holds += 1;
        if (holds === 2) nowMs += limits.answerWithinMs + 1;
        return true;
      },
    };
    await answerReads(store, asked, limits, reply);
    assert.deepEqual(answered, [0]);
  });

  it("reads with large answers wait outside the slots of others, and are refused for now where they may not", async (t) => {
    const store = await withPeople(t, long);
    const all: ReadShape = { kind: "select", table: "people", columns: ["name"] };
    const held: boolean[] = [];
    const codes = async (mayHold: boolean, asked: ReadBatch) => {
      const out: string[] = [];
      const reply = {
        ...replying((some) =>
          out.push(...some.map(({ ok, body }) => (ok ? "answered" : JSON.parse(body.toString()).code))),
        ),
        hold: () => {
          held.push(mayHold);
          return mayHold;
        },
      };
      await answerReads(store, asked, { ...limits, queryMs: 60_000 }, reply);
      return out;
    };
    assert.deepEqual(await codes(true, read([all], [item([])])), ["answered"]);
    held.length = 0;
    assert.deepEqual(await codes(true, read([all], [item([])])), ["answered"]);
    assert.ok(held.length > 0);
    assert.deepEqual(await codes(false, read([all, byName], [item([]), item(["x"], { shape: 1 })])), [
      "unavailable",
      "answered",
    ]);
  });

  it("does not look at the wall clock, which may be another than the API's", async (t) => {
    const store = await withPeople(t, [["ada", 36]]);
    const asked = { ...read([byName], [item(["ada"], { minPosition: 2 })]), deadlineMs: 1 };
    assert.equal((await answers(store, asked)).length, 1);
  });
});
