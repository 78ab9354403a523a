// Transactions of libSQL clients: what they see, that they are done whole or not at all, and what is told when others were quicker, the
// master did not answer, or their time was up.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { PendingWrite } from "../../../../api/batching/pending.ts";
import { undoneAfterwards } from "../../worker/copies.ts";
import { shop } from "../../worker/schemas.ts";
import { Client, chain, count, insert, step } from "./client.ts";
import { openWorld, type World } from "./world.ts";

const undoing = undoneAfterwards();
let world: World;
before(async () => {
  world = await openWorld(undoing, shop);
});

const newClient = () => new Client(world);
const shapes = () => world.sent.splice(0);

beforeEach(async () => {
  world.lost = undefined;
  world.clock.aheadMs = 0;
  await newClient().sql("DELETE FROM people");
  shapes();
});

describe("a transaction that is all there", () => {
  it("goes to the master as one write, and gives what each statement gave", async () => {
    assert.deepEqual(await newClient().batch(...chain(insert("a"), count, insert("b"))), [
      0,
      1,
      "1",
      1,
      0,
      null,
    ]);
    assert.deepEqual(shapes(), [{ kind: "batch", trial: false }]);
    assert.equal(await newClient().sql(count), "2");
  });

  it("goes statement by statement where one fails, so that it is known which", async () => {
    const results = await newClient().batch(...chain(insert("a"), insert("a"), insert("b")));
    assert.deepEqual(results, [0, 1, "SQLITE_CONSTRAINT_PRIMARYKEY", null, null, 0]);
    assert.equal(await newClient().sql(count), "0");
  });

  it("is known as such in a script, and in requests that follow each other", async () => {
    const sql = `BEGIN; ${insert("a")}; ${insert("b")}; COMMIT;`;
    const [done] = await newClient().send({ type: "sequence", sql });
    assert.equal(done.type, "ok");
    const requests = ["BEGIN", insert("c"), "END"].map((one) => ({ type: "execute", stmt: { sql: one } }));
    await newClient().send(...requests);
    assert.deepEqual(shapes(), Array(2).fill({ kind: "batch", trial: false }));
    assert.equal(await newClient().sql(count), "3");
  });

  it("takes no place in the log where it only reads", async () => {
    const { length } = world.records;
    const [begin, ...rest] = chain(count, count);
    assert.deepEqual(
      await newClient().batch({ ...begin, stmt: { sql: "BEGIN TRANSACTION READONLY" } }, ...rest),
      [0, "0", "0", 0, null],
    );
    assert.deepEqual([world.records.length, shapes()], [length, [{ kind: "batch", trial: true }]]);
  });

  it("whose answer is lost says that its fate is not known", async () => {
    world.lost = () => "done and unanswered";
    const results = await newClient().batch(...chain(insert("a"), insert("b")));
    assert.deepEqual(results, [0, "UNAVAILABLE", null, null, "SQLITE_ERROR"]);
  });

  it("is none where something else stands between", async () => {
    assert.deepEqual(
      await newClient().batch(step("BEGIN"), step(insert("a")), step("ROLLBACK"), step(count)),
      [0, 1, 0, "0"],
    );
    assert.deepEqual(
      await newClient().batch(
        ...["BEGIN", insert("a"), "PRAGMA foreign_keys = ON", "SAVEPOINT x", "COMMIT"].map((sql) =>
          step(sql),
        ),
      ),
      [0, 1, 0, 0, 0],
    );
  });
});

describe("an open transaction", () => {
  it("sees what it has done, and others do not before it is committed", async () => {
    const [one, other] = [newClient(), newClient()];
    assert.deepEqual([await one.sql("BEGIN"), await one.sql(insert("a")), await one.sql(count)], [0, 1, "1"]);
    assert.equal(await other.sql(count), "0");
    assert.deepEqual(
      [await one.sql("BEGIN"), await one.sql("COMMIT"), await other.sql(count)],
      ["SQLITE_ERROR", 0, "1"],
    );
    assert.deepEqual([await one.sql("COMMIT"), await one.sql("ROLLBACK")], ["SQLITE_ERROR", "SQLITE_ERROR"]);
  });

  it("leaves nothing when it is rolled back, closed, or given up", async () => {
    for (const end of [
      (one: Client) => one.sql("ROLLBACK"),
      (one: Client) => one.send({ type: "close" }),
      async () => {
        world.clock.aheadMs += 31_000;
        world.streams.sweep();
      },
    ]) {
      const one = newClient();
      await one.sql("BEGIN");
      await one.sql(insert("a"));
      assert.equal(world.streams.transactions, 1);
      await end(one);
      assert.equal(world.streams.transactions, 0);
    }
    assert.equal(await newClient().sql(count), "0");
  });

  it("that is over leaves a stream that idles for as long as its client likes, unless it keeps something", async () => {
    const idle = async (before: (one: Client) => Promise<unknown>) => {
      const one = newClient();
      await before(one);
      world.clock.aheadMs += 1_000_000;
      world.streams.sweep();
      const { status } = await world.ask("/v3/pipeline", { baton: one.baton, requests: [] });
      return status;
    };
    assert.equal(await idle((one) => one.sql("SELECT 1")), 200);
    const transaction = async (one: Client) => {
      for (const sql of [
        "PRAGMA foreign_keys=off",
        "BEGIN",
        insert("a"),
        "ROLLBACK",
        "PRAGMA foreign_keys=on",
      ])
        await one.sql(sql);
    };
    assert.equal(await idle(transaction), 200);
    assert.equal(await idle((one) => one.sql("PRAGMA foreign_keys=off")), 400);
    assert.equal(await idle((one) => one.send({ type: "store_sql", sql_id: 1, sql: "SELECT 1" })), 400);
    assert.equal(await idle((one) => one.sql("BEGIN")), 400);
  });

  it("that was open for too long says so", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    world.clock.aheadMs += 31_000;
    const { status, text } = await world.ask("/v3/pipeline", { baton: one.baton, requests: [] });
    assert.deepEqual([status, JSON.parse(text).code], [400, "STREAM_EXPIRED"]);
    assert.match(
      JSON.parse(text).message,
      /had a transaction open for more than \d+ ms,.*; what was not committed is undone/,
    );
  });

  it("is undone when others changed what it saw, and can be begun again", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    await one.sql(count);
    await newClient().sql(insert("z"));
    assert.deepEqual(
      [await one.sql(insert("a")), await one.sql(count), await one.sql("COMMIT"), await one.sql("ROLLBACK")],
      ["SQLITE_BUSY", "SQLITE_BUSY", "SQLITE_BUSY", 0],
    );
    const late = newClient();
    await late.sql("BEGIN");
    await late.sql(`UPDATE people SET age = (${count})`);
    await newClient().sql(insert("y"));
    assert.deepEqual([await late.sql("COMMIT"), await late.sql("ROLLBACK")], ["SQLITE_BUSY", 0]);
    assert.equal(await newClient().sql("SELECT group_concat(name) FROM people WHERE age IS NULL"), "y,z");
  });

  it("minds no changes that it did not see", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    await one.sql("SELECT age FROM people WHERE name = 'a'");
    await one.sql(insert("a"));
    await newClient().sql(insert("z"));
    assert.deepEqual([await one.sql("COMMIT"), await one.sql(count)], [0, "2"]);
  });

  it("has one moment and its own chance, the same in all its trials", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    const at = await one.sql("SELECT unixepoch('subsec')");
    const chance = [await one.sql("SELECT random()"), await one.sql("SELECT random()")];
    assert.equal(await one.sql("SELECT unixepoch('subsec')"), at);
    assert.notEqual(chance[0], chance[1]);
    await one.sql("INSERT INTO people (name) VALUES (random())");
    assert.equal(await one.sql("COMMIT"), 0);
  });

  it("goes on behind a statement that failed", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    assert.deepEqual(
      [
        await one.sql(insert("a")),
        await one.sql(insert("a")),
        await one.sql("nonsense"),
        await one.sql(insert("b")),
      ],
      [1, "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_ERROR", 1],
    );
    assert.deepEqual([await one.sql("COMMIT"), await one.sql(count)], [0, "2"]);
  });

  it("that is read only refuses writes, and is committed without the master", async () => {
    const one = newClient();
    await one.sql("BEGIN TRANSACTION READONLY");
    assert.deepEqual([await one.sql(count), await one.sql(insert("a"))], ["0", "SQLITE_READONLY"]);
    shapes();
    assert.deepEqual([await one.sql("COMMIT"), shapes()], [0, []]);
  });

  it("has a bound of bytes", async () => {
    const one = newClient();
    const long = `SELECT length('${"x".repeat(90_000)}')`;
    await one.sql("BEGIN");
    const seen: unknown[] = [];
    for (let i = 0; i < 12; i++) seen.push(await one.sql(long));
    assert.deepEqual(seen, [...Array(11).fill("90000"), "SQLITE_FULL"]);
    assert.equal(await one.sql("COMMIT"), 0);
  });
});

describe("a commit whose answer is lost", () => {
  const isCommit = ({ shape }: PendingWrite) => JSON.parse(shape).transaction?.trial === undefined;

  for (const loss of ["unanswered", "done and unanswered"] as const)
    it(`says so, and is done once when it is asked again: ${loss}`, async () => {
      const one = newClient();
      await one.sql("BEGIN");
      await one.sql(insert("a"));
      world.lost = (write) => (isCommit(write) ? loss : undefined);
      assert.deepEqual(
        [await one.sql("COMMIT"), await one.sql(count)],
        ["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"],
      );
      world.lost = undefined;
      assert.deepEqual([await one.sql("COMMIT"), await one.sql(count)], [0, "1"]);
    });

  it("cannot be rolled back", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    await one.sql(insert("a"));
    world.lost = () => "unanswered";
    assert.deepEqual(
      [await one.sql("COMMIT"), await one.sql("ROLLBACK")],
      ["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"],
    );
    world.lost = undefined;
    assert.equal(await one.sql(count), "0");
  });
});
