// The controller can be away, die anywhere and come back: the data path does not need it, and it goes by what it finds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { pathsOf } from "../../core/state/znodes.ts";
import { docker } from "../../tools/cluster/command.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { controllerLog, newLine, signal } from "../../tools/cluster/orchestrator.ts";
import {
  type SeenMaster,
  seenBirth,
  seenController,
  seenMaster,
  seenSessions,
  seenStatus,
} from "../../tools/cluster/registry.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import {
  kill,
  labelledContainers,
  masterOf,
  slavesOf,
  type Worker,
  workers,
} from "../../tools/cluster/workers.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { crash, rowsNow, user, written } from "../support/database.ts";
import { assertNothingLost, startWriting, type Writing } from "../support/traffic.ts";

const stranger = `${cluster}-stranger`;
useCluster({
  afterwards: async () => {
    await signal("controller", "CONT");
    await docker("rm", "--force", stranger).catch(() => undefined);
  },
});

const scenesMax = 5;

interface Succession {
  readonly successor: SeenMaster;
  /** The slave with the lowest pid. */
  readonly lowest: Worker;
}

/**
 * The master dies while the controller is stopped. Who is elected is the lowest of those in ZooKeeper: where the slave with the lowest
 * pid had not been there all the time, the scene is made again.
 */
async function successionAlone(writing: Writing): Promise<Succession> {
  for (let scene = 1; ; scene++) {
    const sessions = await seenSessions();
    const before = await settled(2);
    const [master, [lowest]] = [masterOf(before), slavesOf(before)];
    assert.ok(lowest !== undefined);
    await writing.more(10);
    assert.ok(await signal("controller", "STOP"));
    await writing.more(10);
    await kill(master);
    // Nobody tells ZooKeeper of the death: its session has to run out.
    const successor = await until("another master is elected", 30_000, async () => {
      const now = await seenMaster();
      return now !== null && now.container !== master.shortId ? found(now) : notYet(now);
    });
    const path = pathsOf(cluster).worker(lowest.name);
    if ((await seenBirth(path)) === sessions[path]) return { successor, lowest };
    assert.ok(scene < scenesMax, "the slave with the lowest pid keeps losing its session");
    await signal("controller", "CONT");
  }
}

test("with the controller stopped reads and writes go on, and a dead master is followed by the lowest pid", async (t) => {
  await applyFields({ max: "2", min: "2", baseline: "2" });
  await settled(2);
  const writing = await startWriting(t);
  const { successor, lowest } = await successionAlone(writing);
  assert.equal(successor.container, lowest.shortId);
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
  const killed = await seenController();
  const killedAfterMs = Date.now();
  assert.ok(await signal("controller", "KILL"));
  const log = await controllerLog();
  await until("another controller acts and reports", 30_000, async () => {
    const acting = await seenController();
    const reportedAtMs = (await seenStatus())?.lastCycle.atMs ?? 0;
    const isAnother = acting !== null && acting.pid !== killed?.pid;
    return isAnother && reportedAtMs > killedAfterMs ? found(acting) : notYet({ acting, reportedAtMs });
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
  const [{ containerName } = { containerName: "" }] = before;
  const image = (await docker("inspect", "--format", "{{.Config.Image}}", containerName)).trim();
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

/** What the controller logged in a span in which nobody's session ended. */
async function loggedInQuiet(): Promise<readonly string[]> {
  return until("a span in which no session ended", 180_000, async () => {
    const before = await seenSessions();
    await settled();
    const log = await controllerLog();
    await written({ op: "upsert", table: "users", row: user("no-news-for-the-controller") });
    // Not a wait for anything: the span.
    await sleep(4_000);
    const logged = (await controllerLog()).slice(log.length);
    const after = await seenSessions();
    return isDeepStrictEqual(after, before) ? found(logged) : notYet({ before, after, logged });
  });
}

test("idle cycles log nothing; a change is one line with its reason", async () => {
  assert.deepEqual(await loggedInQuiet(), []);
  const quiet = await controllerLog();
  await applyFields({ max: "2", min: "2", baseline: "2" });
  const line = await newLine(quiet, /starting worker/, 30_000);
  assert.match(line, /-> \d slaves?.* \(was 1\); .*starting worker w-\d/);
  await settled(2);
});
