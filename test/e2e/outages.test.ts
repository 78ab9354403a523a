// Whole parts go away while clients write: what was acknowledged before and meanwhile is in every copy afterwards, once.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { queues } from "../../core/messages/queues.ts";
import { docker } from "../../tools/cluster/command.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { signal } from "../../tools/cluster/orchestrator.ts";
import { seenMaster } from "../../tools/cluster/registry.ts";
import { containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { kill, masterOf, slavesOf, workers } from "../../tools/cluster/workers.ts";
import { rabbitmqctl } from "../../tools/torture/cluster/broker.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { read } from "../support/database.ts";
import { assertNothingLost, startWriting } from "../support/traffic.ts";

useCluster();

/** Writes go on before, during and after the fault. */
async function survives(t: TestContext, fault: () => Promise<void>): Promise<void> {
  const writing = await startWriting(t);
  await writing.more(20);
  await fault();
  await writing.more(20);
  await settled();
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
}

const faults: Readonly<Record<string, () => Promise<void>>> = {
  "the orchestrator is restarted": async () => {
    const before = await workers();
    await docker("restart", containers.orchestrator);
    assert.deepEqual(
      (await workers()).map(({ id }) => id),
      before.map(({ id }) => id),
    );
  },
  "the API's process is killed": async () => {
    assert.ok(await signal("api", "KILL"));
  },
  "RabbitMQ forgets the queue of answers and tells nobody": async () => {
    await rabbitmqctl(
      "eval",
      `Queue = rabbit_misc:r(<<"/">>, queue, <<"${queues.response}">>),
       case code:ensure_loaded(rabbit_db_queue) of
         {module, _} -> rabbit_db_queue:delete(Queue, normal);
         _ -> rabbit_amqqueue:internal_delete(Queue, <<"test">>)
       end,
       {error, not_found} = rabbit_amqqueue:lookup(Queue).`,
    );
  },
  "RabbitMQ is restarted": async () => {
    await docker("restart", containers.rabbit);
  },
  "RabbitMQ is killed": async () => {
    await docker("kill", containers.rabbit);
    await docker("start", containers.rabbit);
  },
  "ZooKeeper is restarted": async () => {
    await docker("restart", containers.zooKeeper);
  },
  "ZooKeeper is killed": async () => {
    await docker("kill", containers.zooKeeper);
    await docker("start", containers.zooKeeper);
  },
  "all workers are killed at once": async () => {
    await kill(...(await workers()));
  },
  "the master is stopped in order": async () => {
    await docker("stop", masterOf(await workers()).containerName);
  },
};

for (const [what, fault] of Object.entries(faults))
  test(`${what}: nothing acknowledged is lost, nothing is applied twice`, (t) => survives(t, fault));

test("a hung master is followed by another; when it wakes up, nothing it does is accepted", async (t) => {
  // No controller may put it out of its misery: it has to step back by itself.
  await applyFields({ paused: "true" });
  const master = masterOf(await settled());
  const before = await seenMaster();
  await survives(t, async () => {
    await docker("pause", master.containerName);
    const successor = await until("another master is elected", 30_000, async () => {
      const now = await seenMaster();
      return now !== null && now.container !== master.shortId ? found(now) : notYet(now);
    });
    assert.ok(before !== null && successor.epoch > before.epoch, "under a newer epoch");
    await docker("unpause", master.containerName);
  });
  assert.notEqual(masterOf(await workers()).id, master.id);
  await applyManifest(await baselineManifest());
});

test("a read that no slave answers is 503 with Retry-After within the time the manifest allows", async () => {
  await applyFields({ timeout: "1500ms", queryTime: "1s" });
  const slaves = slavesOf(await settled());
  for (const { containerName } of slaves) await docker("pause", containerName);
  const startedAtMs = performance.now();
  const answer = await read({ table: "users", count: true });
  const tookMs = performance.now() - startedAtMs;
  for (const { containerName } of slaves) await docker("unpause", containerName);
  assert.equal(answer.status, 503, answer.text);
  assert.ok(Number(answer.headers["retry-after"]) >= 1);
  // Without the manifest's limit it would be the default's, of 10 s.
  assert.ok(tookMs < 9_000, `${tookMs} ms`);
});
