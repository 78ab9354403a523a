// What an attacker would do through the libSQL protocol: reach for the service's own tables by every kind of request, open and keep more
// than there is room for, name a text again and again, and ask for what never ends. Each gets an error, others are answered meanwhile.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Taken } from "../../../api/libsql/streams.ts";
import { libsqlLimits } from "../../../api/limits.ts";
import { Client, chain, step } from "../api/libsql/client.ts";
import { openWorld, type World } from "../api/libsql/world.ts";
import { undoneAfterwards } from "../worker/copies.ts";
import { shop } from "../worker/schemas.ts";

const secret = "TOP-SECRET-7f3a";
const undoing = undoneAfterwards();
let world: World;
before(async () => {
  world = await openWorld(undoing, shop);
  await world.store.recordKeys([{ key: "c:secret", hash: secret, ok: true, answer: secret }], 1, 1);
});

const newClient = () => new Client(world);
const execute = (sql: string) => ({ type: "execute", stmt: { sql } });
const anotherStream = (): Taken => {
  const taken = world.streams.take(undefined);
  assert.ok("stream" in taken);
  return taken;
};
const answersStill = async () => assert.equal(await newClient().sql("SELECT 7"), "7");

describe("the service's own tables", () => {
  for (const sql of [
    "SELECT * FROM _dbaas_keys",
    'SELECT * FROM main."_DBAAS_KEYS"',
    "SELECT name FROM people UNION ALL SELECT answer FROM _dbaas_keys",
    "INSERT INTO people (name) SELECT answer FROM _dbaas_keys RETURNING name",
    "UPDATE _dbaas_meta SET value = ''",
    "DELETE FROM [_dbaas_keys]",
    "PRAGMA writable_schema = 1",
    "PRAGMA table_info(_dbaas_keys)",
    "UPDATE sqlite_schema SET sql = ''",
    "INSERT INTO sqlite_sequence VALUES ('_dbaas_keys', 1)",
    "ATTACH '/tmp/dbaas-attack' AS x",
    "VACUUM INTO '/tmp/dbaas-attack'",
    "SELECT load_extension('x')",
    "SELECT dbaas_run('SELECT 1', '', 1, 0, NULL, 9999, 9999, NULL)",
  ])
    it(`are out of reach of every kind of request: ${sql}`, async () => {
      const client = newClient();
      const answers = [
        await client.send(execute(sql), { type: "describe", sql }, { type: "sequence", sql }),
        await client.send({ type: "batch", batch: { steps: chain(sql) } }),
        await client.send(execute("BEGIN"), execute(sql), execute("COMMIT"), execute("ROLLBACK")),
        await client.send({ type: "store_sql", sql_id: 1, sql }, { type: "execute", stmt: { sql_id: 1 } }),
      ];
      assert.doesNotMatch(JSON.stringify(answers), new RegExp(secret));
      const [executed] = answers[0] ?? [];
      assert.match(executed.error.code, /^SQLITE_(AUTH|ERROR)$/);
      const [kept] = await world.store.writer.all("SELECT answer FROM _dbaas_keys WHERE key = 'c:secret'");
      assert.equal(kept?.answer, secret);
    });
});

describe("a stream", () => {
  it("that is closed twice, or used behind its end, says so", async () => {
    const client = newClient();
    const [first, second, third] = await client.send(
      { type: "close" },
      { type: "close" },
      execute("SELECT 1"),
    );
    assert.deepEqual(
      [first.type, second.error.code, third.error.code],
      ["ok", "STREAM_CLOSED", "STREAM_CLOSED"],
    );
    assert.equal(client.baton, null);
  });

  it("passes over what it does not know, whatever that is", async () => {
    for (const odd of [-1, "x", {}, [], null, 2 ** 60]) {
      const requests = [{ type: "execute", stmt: { sql: "SELECT 1", replication_index: odd }, more: odd }];
      const { status } = await world.ask("/v3/pipeline", { baton: null, requests, replication_index: odd });
      assert.equal(status, 200);
    }
  });

  it("is one of so many, and one that idles makes room", async () => {
    const { streamsMax } = libsqlLimits;
    const early = newClient();
    await early.send({ type: "store_sql", sql_id: 1, sql: "SELECT 1" });
    for (let opened = 0; opened < streamsMax; opened++) anotherStream().giveBack();
    assert.equal(world.streams.count, streamsMax);
    const { status, text } = await world.ask("/v3/pipeline", { baton: early.baton, requests: [] });
    assert.deepEqual([status, JSON.parse(text).code], [400, "STREAM_EXPIRED"]);
    await answersStill();
  });

  it("may have a transaction as long as there are not too many, and those are not ended for others", async () => {
    const { transactionsMax } = libsqlLimits;
    const held = Array.from({ length: transactionsMax - 1 }, anotherStream);
    for (const { stream } of held) {
      const begin = stream.readyFrom({ text: { sql: "BEGIN" }, params: [], wantRows: true });
      assert.ok(!("fate" in begin));
      await stream.execute(begin, { mayWrite: () => true, mayDefine: () => true });
    }
    const last = newClient();
    assert.equal(await last.sql("BEGIN"), 0);
    assert.equal(await newClient().sql("BEGIN"), "SQLITE_BUSY");
    await answersStill();
    assert.equal(await last.sql("SELECT 8"), "8");
    await last.send({ type: "close" });
    for (const { stream, giveBack } of held) {
      stream.close();
      giveBack();
    }
    assert.equal(world.streams.transactions, 0);
  });
});

describe("a stored text that is named a thousand times", () => {
  const many = (request: object): readonly object[] => Array(1_000).fill(request);

  it("is not split a thousand times where it is a script", async () => {
    const sql = ";".repeat(200_000);
    const client = newClient();
    await client.send({ type: "store_sql", sql_id: 1, sql });
    const results = await client.send(...many({ type: "sequence", sql_id: 1 }));
    const codes = results.map((result) => result.error?.code ?? "ok");
    assert.deepEqual(codes.slice(0, 4), ["ok", "ok", "SQLITE_TOOBIG", "SQLITE_TOOBIG"]);
    await answersStill();
  });

  it("is no message of a hundred megabytes where it stands in a transaction", async () => {
    const sql = `SELECT length('${"x".repeat(90_000)}')`;
    const client = newClient();
    await client.send({ type: "store_sql", sql_id: 1, sql });
    world.sent.length = 0;
    const steps = [step("BEGIN"), ...many({ stmt: { sql_id: 1 } }), step("COMMIT")];
    const [answer] = await client.send({ type: "batch", batch: { steps } });
    const errors = answer.response.result.step_errors.map((error: { code: string } | null) => error?.code);
    assert.equal(errors.filter((code: string) => code === "SQLITE_FULL").length, 989);
    assert.ok(world.sent.every(({ trial }) => trial));
    await answersStill();
  });
});

describe("what never ends", () => {
  const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)";
  const reads = `${endless} SELECT count(*) FROM n`;
  const writes = `${endless} INSERT INTO orders (item) SELECT 'x' FROM n`;

  /** What is to succeed has all the time it needs. */
  async function briefly<T>(ask: () => Promise<T>): Promise<T> {
    const { queryMs } = world;
    world.queryMs = 100;
    try {
      return await ask();
    } finally {
      world.queryMs = queryMs;
    }
  }

  for (const sql of [reads, writes])
    it(`ends by its time, and its stream goes on: ${sql.slice(64)}`, async () => {
      const client = newClient();
      assert.equal(await briefly(() => client.sql(sql)), "SQLITE_INTERRUPT");
      assert.equal(await client.sql("BEGIN"), 0);
      assert.equal(await client.sql("INSERT INTO orders (item) VALUES ('kept')"), 1);
      assert.equal(await briefly(() => client.sql(sql)), "SQLITE_INTERRUPT");
      assert.equal(await client.sql("COMMIT"), 0);
      const undone = chain("INSERT INTO orders (item) VALUES ('undone')", sql);
      const outcomes = await briefly(() => client.batch(...undone));
      assert.ok(outcomes.includes("SQLITE_INTERRUPT"), outcomes.join());
      assert.equal(await client.sql("SELECT count(*) FROM orders WHERE item = 'undone'"), "0");
      assert.equal(await client.sql("SELECT count(*) > 0 FROM orders WHERE item = 'kept'"), "1");
      await answersStill();
    });
});
