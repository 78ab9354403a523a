// SQL as a client sends it to the delivered cluster: what is answered, and that every copy holds the same, also across failovers. What
// a statement may touch and which values it gives is held by unit tests; here are the image with its extension, and real workers.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { equalCopies } from "../../tools/cluster/copies.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import {
  answered,
  clear,
  crash,
  insertUsers,
  positionOf,
  read,
  write,
  written,
} from "../support/database.ts";

useCluster();

interface SqlRows {
  readonly rows: readonly (readonly unknown[])[];
}
const rowsOf = async (sql: string, ...params: readonly unknown[]): Promise<SqlRows["rows"]> => {
  const answer = await answered({ sql, params, consistency: "strong" });
  return (answer.body as SqlRows).rows;
};

test("SQL is written and read, by slaves that have what was written", async () => {
  await clear();
  const inserted = await written({
    sql: "INSERT INTO users (username, password) VALUES (?, hex(randomblob(8)) || unixepoch()) RETURNING username",
    params: ["asha"],
  });
  assert.deepEqual((inserted.body as SqlRows).rows, [["asha"]]);
  const answer = await answered(
    {
      sql: "SELECT username AS a, length(password) > 20 AS a FROM users WHERE username = :name",
      params: { name: "asha" },
    },
    { "X-DBaaS-Min-Position": String(positionOf(inserted)) },
  );
  assert.deepEqual(answer.body, {
    columns: [
      { name: "a", type: "TEXT" },
      { name: "a", type: null },
    ],
    rows: [["asha", 1]],
  });
  await equalCopies();
});

test("several statements are done as one, under one key, or not at all", async () => {
  await clear();
  const body = {
    statements: [
      { op: "insert", table: "users", rows: ["ann", "bob"].map((username) => ({ username, password: "1" })) },
      { sql: "UPDATE users SET password = password || ?", params: ["!"], expect: { rowsAffected: 2 } },
    ],
  };
  const key = { "Idempotency-Key": randomUUID() };
  const first = await written(body, key);
  assert.deepEqual((await written(body, key)).body, first.body);
  const again = await write(body, { "Idempotency-Key": randomUUID() });
  assert.deepEqual([again.status, JSON.parse(again.text).error.field], [409, "statements[0].username"]);
  assert.deepEqual(await rowsOf("SELECT username, password FROM users ORDER BY 1"), [
    ["ann", "1!"],
    ["bob", "1!"],
  ]);
});

test("what writes, or reaches for more than the tables, is refused", async () => {
  for (const sql of [
    "DELETE FROM users",
    "SELECT * FROM _dbaas_keys",
    "ATTACH 'x' AS y",
    "SELECT 1; SELECT 2",
  ]) {
    const answer = await read({ sql });
    assert.equal(answer.status, 400, `${sql}: ${answer.text}`);
  }
  const answer = await write({ sql: "DROP TABLE users" });
  assert.deepEqual([answer.status, JSON.parse(answer.text).error.sqlite], [400, "SQLITE_AUTH"]);
});

/** Each names the one before it twice. */
const doubling = (depth: number): string => {
  const steps = Array.from({ length: depth }, (_, i) => `c${i + 1}(x) AS (SELECT a.x FROM c${i} a, c${i} b)`);
  return `WITH c0(x) AS (VALUES (1)), ${steps.join(", ")} SELECT count(*) FROM c${depth}`;
};
const long = (letter: string): string => `replace(hex(zeroblob(400000)), '00', '${letter}')`;

test("SQL that costs more than there is ends for its client alone, and no worker ends with it", async () => {
  await clear();
  const before = await settled();
  const costly = [
    doubling(20),
    doubling(14),
    `SELECT trim(${long("a")}, ${long("b")} || 'a')`,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n",
  ];
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(
      costly.flatMap((sql) => [read({ sql }), read({ sql }), write({ sql })]),
    );
    // By SQLite's own limits, where it comes to them before the time or the memory is at an end.
    for (const { status, text } of answers) assert.ok([400, 413, 422, 503].includes(status), text);
  }
  await insertUsers("asha");
  assert.deepEqual(await rowsOf("SELECT username FROM users"), [["asha"]]);
  assertSameWorkers(await settled(), before);
});

test("writes in SQL survive the master, each is done once, and the copies are equal", async () => {
  await clear();
  await insertUsers("asha");
  const count = async (i: number): Promise<void> => {
    const body = {
      statements: [
        {
          sql: "INSERT INTO rides (created_by, timestamp, source, destination) VALUES (?, datetime(), ?, random() % 100)",
          params: ["asha", i],
        },
        { sql: "SELECT count(*) FROM rides" },
      ],
    };
    const key = { "Idempotency-Key": randomUUID() };
    for (let tries = 0; tries < 40; tries++) {
      const { status, text } = await write(body, key);
      if (status === 200) return;
      assert.equal(status, 503, text);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.fail(`ride ${i} was not written`);
  };
  const all = Array.from({ length: 60 }, (_, i) => i);
  const half = all.splice(0, 30).map(count);
  await crash("master");
  await Promise.all([...half, ...all.map(count)]);
  await settled();
  assert.deepEqual(
    await rowsOf("SELECT count(*), count(DISTINCT source), min(source), max(source) FROM rides"),
    [[60, 60, 0, 59]],
  );
  await equalCopies();
});
