// Messages that no worker survives or understands must not take the cluster down one worker after the other.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { queues } from "../../core/messages/queues.ts";
import { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import { equalCopies } from "../../tools/cluster/copies.ts";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { cluster, ports, rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { kill, masterOf, slavesOf } from "../../tools/cluster/workers.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { insertUsers, read, rowsNow, written } from "../support/database.ts";

let rabbit: Rabbit;
useCluster({
  ready: async () => {
    const credentials = new Map(
      (await readFile(join(rootDir, ".dbaas", `${cluster}.env`), "utf8"))
        .split("\n")
        .map((line) => line.split("=") as [string, string]),
    );
    const login = `${credentials.get("RABBITMQ_USER")}:${credentials.get("RABBITMQ_PASSWORD")}`;
    rabbit = await Rabbit.open(`amqp://${login}@127.0.0.1:${ports.rabbit}`, "e2e");
  },
  afterwards: () => rabbit.close(),
});

const untilDead = (messages: number): Promise<number> =>
  until(`${messages} messages are in ${queues.dead}`, 30_000, async () => {
    const depth = await rabbit.depth(queues.dead);
    return depth.messages >= messages ? found(depth.messages) : notYet(depth);
  });

test("messages that nobody can read end in the dead-letter queue, and every worker goes on", async () => {
  const all = await settled();
  const before = (await rabbit.depth(queues.dead)).messages;
  await rabbit.publish(queues.read, Buffer.from("no batch"));
  await rabbit.publish(queues.write, Buffer.from('{"v":99}'));
  await rabbit.publish(queues.sync, Buffer.from("no record"), { persistent: true });
  await untilDead(before + 2);
  await insertUsers("after-garbage");
  assert.equal((await rowsNow({ table: "users", where: { username: "after-garbage" } })).length, 1);
  assertSameWorkers(await settled(), all);
  await equalCopies();
});

const longName = "a".repeat(2_000);
const almost = "a".repeat(900);
/** Compares each name with every pattern in vain, 900 letters at each of a thousand places: longer than anybody waits. */
const slow = {
  table: "users",
  count: true,
  where: Array.from({ length: 64 }, (_, i) => `username LIKE '%${almost}${i}b'`).join(" OR "),
};

async function insertLongNames(): Promise<void> {
  for (let i = 0; i < 1_000; i += 250)
    await insertUsers(...Array.from({ length: 250 }, (_, n) => `${longName}${i + n}`));
}

test("a query that takes too long is interrupted, answered with an error, and disturbs nobody", async () => {
  await insertLongNames();
  const all = await settled();
  const [long, quick] = await Promise.all([read(slow), read({ table: "users", count: true })]);
  assert.equal(long.status, 422, long.text);
  assert.match(long.text, /query_timeout/);
  assert.equal(quick.status, 200);
  assertSameWorkers(await settled(), all);
});

/** Longer than the service may take by the manifests of the tests below. */
const patientMs = 90_000;

/** Nothing waits in readQ: what was sent is in the hands of a slave. */
const untilTaken = (): Promise<unknown> =>
  until("the read is in the hands of a slave", 30_000, async () => {
    const { messages } = await rabbit.depth(queues.read);
    return messages === 0 ? found(true) : notYet(messages);
  });

test("a slave with a slow read in its hands takes the master's place at once, and answers it by the way", async () => {
  await applyFields({ timeout: "60s", queryTime: "30s" });
  const all = await settled();
  let answered = false;
  const answer = read(slow, {}, patientMs).finally(() => {
    answered = true;
  });
  await untilTaken();
  await kill(masterOf(all));
  await insertUsers("not-kept-waiting");
  assert.equal(answered, false, "the write was answered while the read was worked on");
  assert.equal(masterOf(await settled()).pid, slavesOf(all)[0]?.pid);
  assert.match((await answer).text, /query_timeout/);
});

test("a read that two slaves died of is answered with an error and kept, and the third never sees it", async () => {
  await applyFields({ timeout: "60s", queryTime: "50s" });
  const before = (await rabbit.depth(queues.dead)).messages;
  const answer = read(slow, {}, patientMs);
  for (let death = 0; death < 2; death++) {
    const slaves = slavesOf(await settled());
    await untilTaken();
    await kill(...slaves);
  }
  const { status, text } = await answer;
  assert.match(text, /poison_request/);
  assert.equal(status, 422);
  await untilDead(before + 1);
  const all = await settled();
  await written({ op: "delete", table: "users", where: "1=1" });
  assertSameWorkers(await settled(), all);
});
