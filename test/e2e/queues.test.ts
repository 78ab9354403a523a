// The queues by name on the real broker, and what clients can rely on: turns, keys, freshness.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { docker, lines } from "../../tools/cluster/command.ts";
import { everyWorkerHas } from "../../tools/cluster/copies.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { seenSessions } from "../../tools/cluster/registry.ts";
import { containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { slavesOf, workers } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import {
  crash,
  insertUsers,
  isSuccess,
  positionOf,
  read,
  rows,
  rowsNow,
  user,
  workerOf,
  write,
  written,
} from "../support/database.ts";

useCluster();

test("readQ, writeQ and responseQ are queues, syncQ is a stream, all durable", async () => {
  const listed = lines(
    await docker(
      "exec",
      containers.rabbit,
      "rabbitmqctl",
      "--quiet",
      "list_queues",
      "name",
      "type",
      "durable",
      "--formatter",
      "json",
    ),
  ).join("");
  const queues = new Map(
    (JSON.parse(listed) as { name: string; type: string; durable: boolean }[]).map(({ name, ...rest }) => [
      name,
      rest,
    ]),
  );
  const isStream = (type = "") => /stream/.test(type);
  for (const name of ["readQ", "writeQ", "responseQ", "syncQ"]) {
    assert.equal(queues.get(name)?.durable, true, name);
    assert.equal(isStream(queues.get(name)?.type), name === "syncQ", name);
  }
});

/** What moves the turn on by itself: a message of reads that is sent once more, and a worker that comes to the queue anew. */
async function movers(): Promise<unknown> {
  const { text } = await call("GET", "/metrics");
  const [line] = /^dbaas_messages_repeated_total\{[^}]*kind="read"[^}]*\} \d+$/m.exec(text) ?? [];
  assert.ok(line !== undefined, "the metrics tell of messages sent again");
  return [line, await seenSessions()];
}

test("sequential reads are answered by three slaves in turn, the same number by each, none by the master", async () => {
  await applyFields({ max: "3", min: "3", baseline: "3" });
  const { slaves, answeredBy } = await until("a span that nothing else had a part in", 180_000, async () => {
    const before = await movers();
    const names = slavesOf(await settled(3)).map(({ name }) => name);
    const turns: string[] = [];
    for (let i = 0; i < 30; i++) turns.push(workerOf(await read({ table: "users", count: true })));
    const after = await movers();
    const span = { slaves: names, answeredBy: turns };
    return isDeepStrictEqual(after, before) ? found(span) : notYet({ before, after });
  });
  for (const name of slaves)
    assert.equal(
      answeredBy.filter((other) => other === name).length,
      10,
      `${name} in ${answeredBy.join(" ")}`,
    );
  for (let i = 3; i < answeredBy.length; i++)
    assert.equal(answeredBy[i], answeredBy[i - 3], "always the same turn");
});

test("a write repeated under its Idempotency-Key gets the same answer and is applied once, also after a failover", async () => {
  const ride = {
    op: "insert",
    table: "rides",
    row: { created_by: "keyed", timestamp: "once", source: 1, destination: 2 },
  };
  const key = { "idempotency-key": `key-${process.pid}-${Date.now()}` };
  await insertUsers("keyed");
  const first = await written(ride, key);
  const again = await written(ride, key);
  assert.equal(again.text, first.text);
  const slaves = slavesOf(await workers()).length;
  await crash("master");
  const afterFailover = await written(ride, key);
  assert.equal(afterFailover.text, first.text);
  assert.equal(positionOf(afterFailover), positionOf(first));
  await settled(slaves);
  await everyWorkerHas("SELECT count(*) AS n FROM rides WHERE timestamp = 'once'", [{ n: 1 }]);
});

test("the same key on another request is refused", async () => {
  const key = { "idempotency-key": `other-${process.pid}-${Date.now()}` };
  await written({ op: "insert", table: "users", row: user("first-of-key") }, key);
  const answer = await write({ op: "insert", table: "users", row: user("second-of-key") }, key);
  assert.ok(answer.status === 409 || answer.status === 422, `${answer.status} ${answer.text}`);
  assert.equal((answer.body as { error: { code: string } }).error.code, "key_reused");
});

test("a read with the position of a write sees that write, whoever answers", async () => {
  for (let i = 0; i < 30; i++) {
    const username = `fresh-${i}`;
    const inserted = await insertUsers(username);
    const seen = await rows(
      { table: "users", columns: ["username"], where: { username } },
      { "x-dbaas-min-position": String(positionOf(inserted)) },
    );
    assert.deepEqual(seen, [{ username }]);
  }
});

test("a read that asks for a position not yet reached is 503 with Retry-After, in bounded time", async () => {
  const answer = await read({ table: "users" }, { "x-dbaas-min-position": "999999999" });
  assert.equal(answer.status, 503, answer.text);
  assert.ok(Number(answer.headers["retry-after"]) >= 1);
});

test("a strong read sees every write answered before it", async () => {
  for (let i = 0; i < 30; i++) {
    const username = `strong-${i}`;
    await insertUsers(username);
    assert.deepEqual(await rowsNow({ table: "users", columns: ["username"], where: { username } }), [
      { username },
    ]);
  }
});

test("two clients who insert the same row at once: one succeeds, the other gets 409", async () => {
  for (let i = 0; i < 10; i++) {
    const body = { op: "insert", table: "users", row: user(`race-${i}`) };
    const answers = await Promise.all([write(body), write(body)]);
    assert.equal(answers.filter(isSuccess).length, 1);
    assert.equal(answers.filter(({ status }) => status === 409).length, 1);
  }
});
