// The controller can be away, die anywhere and come back: the data path does not need it, and it goes by what it finds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../tools/cluster/command.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { controllerLog, newLine, signal } from "../../tools/cluster/orchestrator.ts";
import { seenMaster, seenStatus } from "../../tools/cluster/registry.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { kill, labelledContainers, masterOf, slavesOf, workers } from "../../tools/cluster/workers.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, rowsNow } from "../support/database.ts";
import { assertNothingLost, startWriting } from "../support/traffic.ts";

const stranger = `${cluster}-stranger`;
useCluster({
  afterwards: async () => {
    await signal("controller", "CONT");
    await docker("rm", "--force", stranger).catch(() => undefined);
  },
});

test("with the controller stopped reads and writes go on, and a dead master is followed by the lowest pid", async (t) => {
  await applyFields({ max: "2", min: "2", baseline: "2" });
  const before = await settled(2);
  const master = masterOf(before);
  const writing = await startWriting(t);
  await writing.more(10);
  assert.ok(await signal("controller", "STOP"));
  await writing.more(10);
  await kill(master);
  // Nobody tells ZooKeeper of the death: its session has to run out.
  const successor = await until("another master is elected", 30_000, async () => {
    const now = await seenMaster();
    return now !== null && now.container !== master.shortId ? found(now) : notYet(now);
  });
  assert.equal(successor.container, slavesOf(before)[0]?.shortId);
  await writing.more(20);
  assert.equal((await workers()).length, 2, "nothing is replaced without the controller");
  assert.ok((await rowsNow({ table: "users" })).length > 0);
  await signal("controller", "CONT");
  await settled(2);
  await writing.stop();
  await assertNothingLost(writing);
});

test("a controller that was killed finds the workers again and starts none", async () => {
  const before = await settled(2);
  assert.ok(await signal("controller", "KILL"));
  const log = await controllerLog();
  await until("the controller reports again", 30_000, async () => {
    const at = (await seenStatus())?.lastCycle.atMs ?? 0;
    return at > Date.now() - 1_000 ? found(at) : notYet(at);
  });
  assertSameWorkers(await settled(2), before);
  assert.ok(!(await controllerLog()).slice(log.length).some((line) => /starting worker|killing/.test(line)));
});

test("a second controller waits while the first one acts", async () => {
  // Ended as soon as it has said so, and after half a minute at the latest.
  const second =
    "node controller/main.ts >/tmp/second.log 2>&1 & " +
    "for _ in $(seq 150); do grep -q 'another controller acts' /tmp/second.log && break; sleep 0.2; done; " +
    "kill $!; wait; cat /tmp/second.log; rm /tmp/second.log";
  const said = await docker("exec", containers.orchestrator, "sh", "-c", second);
  assert.match(said, /another controller acts/);
  assert.doesNotMatch(said, /acting for the cluster/);
});

test("the controller is killed again and again while it replaces dead workers: in the end there are as many as desired", async (t) => {
  await applyManifest(await baselineManifest());
  const writing = await startWriting(t);
  for (const delayMs of [0, 80, 160, 240]) {
    const all = await settled();
    await kill(delayMs % 160 === 0 ? masterOf(all) : (slavesOf(all)[0] ?? masterOf(all)));
    // Not a wait for anything: the moment within the controller's work at which it dies.
    await sleep(delayMs);
    await signal("controller", "KILL");
  }
  await settled();
  assert.equal((await labelledContainers()).length, 2);
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
});

test("a container with our label and another uid is told in the status and left alone", async () => {
  const before = await settled();
  const [{ container } = { container: "" }] = before;
  const image = (await docker("inspect", "--format", "{{.Config.Image}}", container)).trim();
  const labels = [`dbaas.cluster=${cluster}`, "dbaas.uid=somebody-else", "dbaas.worker=w-1"];
  const options = labels.flatMap((label) => ["--label", label]);
  await docker("run", "--detach", "--name", stranger, ...options, image, "sleep", "600");
  await until("the status names it", 20_000, async () => {
    const foreign = (await seenStatus())?.foreign ?? [];
    return foreign.some(({ name }) => name === stranger) ? found(foreign) : notYet(foreign);
  });
  await crash("slave");
  await settled();
  assert.equal((await docker("inspect", "--format", "{{.State.Running}}", stranger)).trim(), "true");
});

test("idle cycles log nothing; a change is one line with its reason", async () => {
  await settled();
  const quiet = await controllerLog();
  await insertUsers("no-news-for-the-controller");
  await sleep(4_000);
  assert.deepEqual((await controllerLog()).slice(quiet.length), []);
  await applyFields({ max: "2", min: "2", baseline: "2" });
  const line = await newLine(quiet, /starting worker/, 30_000);
  assert.match(line, /-> \d slaves?.* \(was 1\); .*starting worker w-\d/);
  await settled(2);
});
