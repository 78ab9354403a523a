import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ClusterStatus } from "../../core/state/status.ts";
import { type Command, fromJson, pathsOf, toJson } from "../../core/state/znodes.ts";
import { docker, idsOf, namesOf, pidOf, removeCluster, workerImage } from "./controller-containers.ts";
import { ControllerProcess } from "./controller-process.ts";
import { Troupe } from "./controller-troupe.ts";
import { uniqueCluster, zooKeeperServers } from "./services.ts";
import { found, notYet, until } from "./until.ts";

const settleMs = 120_000;
const windowMs = 3_000;

describe("the controller between a real engine and a real ZooKeeper", () => {
  const cluster = uniqueCluster();
  const paths = pathsOf(cluster);
  const container = (worker: string) => `${cluster}-${worker}`;
  let folder: string;
  let troupe: Troupe;
  let controller: ControllerProcess;

  const environment = (changes: Readonly<Record<string, string>> = {}) => ({
    DBAAS_CLUSTER: cluster,
    ZOOKEEPER: zooKeeperServers(),
    RABBITMQ_URL: "amqp://127.0.0.1:1",
    MANIFEST: join(folder, "dbaas.yaml"),
    DBAAS_IMAGE: workerImage(),
    DBAAS_NETWORK: "bridge",
    TMPDIR: folder,
    ...changes,
  });
  const manifest = (...spec: readonly string[]) =>
    writeFile(
      join(folder, "dbaas.yaml"),
      `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: t }\nspec:\n${spec.map((line) => `  ${line}\n`).join("")}`,
    );
  const scaling = (changes: string) => manifest(`scaling: { window: 24h, ${changes} }`);
  const status = async (): Promise<ClusterStatus | null> =>
    fromJson<ClusterStatus>((await troupe.session.get(paths.status))?.data ?? "null");

  /** One master and that many slaves, told as such, and no other container. */
  const settled = (slaves: number): Promise<ClusterStatus> =>
    until(`a master and ${slaves} slaves`, settleMs, async () => {
      const [told, running] = [await status(), await idsOf(cluster)];
      const seen = (told?.workers ?? []).map((worker) => `${worker.container} ${worker.state}`).sort();
      const masters = seen.filter((one) => one.endsWith(" master")).length;
      const ready = seen.filter((one) => one.endsWith(" slave")).length;
      const same = running.length === seen.length && running.every((id, i) => seen[i]?.startsWith(id));
      return told !== null && same && masters === 1 && ready === slaves && seen.length === slaves + 1
        ? found(told)
        : notYet({ running, seen, log: controller.log.slice(-2_000) });
    });
  const logged = (pattern: RegExp): Promise<string> =>
    until(`the log says ${pattern}`, settleMs, async () => {
      const line = controller.log.split("\n").find((one) => pattern.test(one));
      return line === undefined ? notYet(controller.log.slice(-2_000)) : found(line);
    });
  const command = async (kind: Command["kind"]): Promise<Command["outcome"]> => {
    const made: Command = { kind, madeAtMs: Date.now() };
    const path = await troupe.session.create(`${paths.commands}/command-`, toJson(made), {
      sequential: true,
    });
    assert.ok(path);
    return until(`${kind} is answered`, settleMs, async () => {
      const seen = fromJson<Command>((await troupe.session.get(path))?.data ?? "null");
      return seen?.outcome === undefined ? notYet(seen) : found(seen.outcome);
    });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "controller-"));
    await scaling("baseline: 1");
    troupe = await Troupe.open(zooKeeperServers(), paths);
    controller = new ControllerProcess(environment());
  });
  after(async () => {
    await controller.end();
    troupe.close();
    await removeCluster(cluster);
    await rm(folder, { recursive: true });
  });

  it("makes a master and a slave out of nothing, and says so", async () => {
    const { workers } = await settled(1);
    assert.deepEqual(await namesOf(cluster), [container("w-1"), container("w-2")]);
    for (const { name, pid } of workers) assert.equal(pid, await pidOf(container(name)));
    await logged(/reconcile [0-9a-f]{4}: baseline -> 1 slave; .*starting worker w-1; starting worker w-2/);
  });

  it("is silent while nothing changes", async () => {
    await settled(1);
    const [id, length] = [(await status())?.lastCycle.id, controller.log.length];
    await troupe.session.put(`${paths.reads}/api-1`, toJson({ reads: 0, firstReadAtMs: null }));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.equal(controller.log.length, length);
    assert.equal((await status())?.lastCycle.id, id);
  });

  it("frees a dead master's place while the session that holds it lives, and replaces it under its name", async (t) => {
    await settled(1);
    const master = await troupe.master();
    assert.ok(master);
    const gone = new AbortController();
    troupe.session.watch("node", paths.master, () => gone.abort(), gone.signal);
    const forgotten = once(gone.signal, "abort");
    await docker("kill", container(master.name));
    await forgotten;
    // The troupe's session holds the place, not the container: no timeout frees it, only the controller does.
    assert.ok(!troupe.session.ended.aborted);
    const { failovers } = await settled(1);
    assert.deepEqual(await namesOf(cluster), [container("w-1"), container("w-2")]);
    const last = failovers.at(-1);
    assert.equal(last?.from, master.name);
    assert.ok(last?.gapMs !== null && last?.gapMs !== undefined);
    t.diagnostic(`${last.gapMs} ms without a master`);
  });

  it("replaces a slave that somebody removed by hand", async () => {
    const { workers } = await settled(1);
    const slave = workers.find(({ state }) => state === "slave");
    assert.ok(slave);
    await docker("rm", "--force", container(slave.name));
    await until("another container", settleMs, async () => {
      const now = (await status())?.workers.find(({ name }) => name === slave.name);
      return now !== undefined && now.container !== slave.container ? found(now) : notYet(now);
    });
    await settled(1);
  });

  it("takes up an edited manifest by itself", async (t) => {
    await settled(1);
    const since = performance.now();
    await scaling("baseline: 2");
    await logged(/baseline -> 2 slaves \(was 1\); took up the manifest as generation 2; starting worker w-3/);
    t.diagnostic(`${Math.round(performance.now() - since)} ms to take it up and start a worker`);
    await settled(2);
  });

  it("keeps the last good manifest after a bad edit, and says where it is wrong", async () => {
    await scaling("max: 0");
    await logged(
      /the manifest was not taken up, the last good one stays in force: 5:32 spec\.scaling\.max: must be from 1 to 64, not 0/,
    );
    const told = await until("the status says so", settleMs, async () => {
      const condition = (await status())?.conditions.find(({ type }) => type === "ManifestValid");
      return condition?.status === "False" ? found(condition) : notYet(condition);
    });
    assert.match(told.message, /^5:32 /);
    await settled(2);
  });

  it("scales in by letting the slave with the highest pid leave in order", async () => {
    const { workers } = await settled(2);
    const slaves = workers.filter(({ state }) => state === "slave");
    const victim = slaves.reduce((a, b) => ((a.pid ?? 0) > (b.pid ?? 0) ? a : b));
    await scaling("baseline: 1");
    await logged(new RegExp(`draining slave ${victim.name} \\(pid ${victim.pid}\\)`));
    const after = await settled(1);
    assert.ok(after.workers.every(({ name }) => name !== victim.name));
    await logged(new RegExp(`slave ${victim.name} finished and left`));
  });

  it("scales by the reads of a window, up and down again", async () => {
    const before = (await settled(1)).generation;
    await manifest(`scaling: { window: ${windowMs / 1_000}s, min: 1, max: 3 }`);
    // An edit that leaves a setting out comes into force a little later than others: reads before that would be spread over windows.
    await until("the manifest is in force", settleMs, async () => {
      const told = await status();
      return (told?.generation ?? 0) > before ? found(told) : notYet(told?.conditions);
    });
    // So many that each window's share asks for more than the most, however many windows the controller has missed.
    await troupe.session.put(`${paths.reads}/api-1`, toJson({ reads: 41_000, firstReadAtMs: Date.now() }));
    await logged(/[1-9]\d* reads in 3s -> \d+ slaves, held at max 3 \(was 1\)/);
    await logged(/\b0 reads in 3s -> 1 slave \(was 3\)/);
    await scaling("baseline: 1");
    await settled(1);
  });

  it("carries out crash calls and answers the pid it killed", async () => {
    const { workers } = await settled(1);
    const master = workers.find(({ state }) => state === "master");
    assert.deepEqual(await command("crashMaster"), { ok: true, pid: master?.pid });
    const next = await settled(1);
    assert.notEqual(next.master, master?.name);
    const slave = next.workers.find(({ state }) => state === "slave");
    assert.deepEqual(await command("crashSlave"), { ok: true, pid: slave?.pid });
    await settled(1);
  });

  it("lets a second controller wait, which takes over when the first is gone", async () => {
    const second = new ControllerProcess(environment({ DBAAS_FAILPOINT: "" }));
    await until("the second waits", settleMs, async () =>
      second.log.includes("another controller acts") ? found(true) : notYet(second.log),
    );
    await controller.end("SIGKILL");
    controller = second;
    await logged(/acting for the cluster/);
    await settled(1);
  });

  it("acts on nothing while the manifest pauses it, and goes on afterwards", async () => {
    const { workers } = await settled(1);
    await manifest("paused: true");
    await until("paused", settleMs, async () => {
      const paused = (await status())?.conditions.find(({ type }) => type === "Paused");
      return paused?.status === "True" ? found(paused) : notYet(paused);
    });
    const slave = workers.find(({ state }) => state === "slave");
    assert.deepEqual(await command("crashSlave"), {
      ok: false,
      reason: "the manifest pauses the controller",
    });
    await docker("kill", container(slave?.name ?? ""));
    await until("told as dead", settleMs, async () => {
      const state = (await status())?.workers.find(({ name }) => name === slave?.name)?.state;
      return state === "dead" ? found(state) : notYet(state);
    });
    await scaling("baseline: 1");
    await settled(1);
  });

  for (const point of [
    "after-create",
    "after-start",
    "after-forgetMaster",
    "after-removeContainer",
    "after-drain",
  ])
    it(`recovers from its own death ${point}, without a container too many`, async () => {
      await settled(1);
      await controller.end();
      controller = new ControllerProcess(environment({ DBAAS_FAILPOINT: point }));
      await scaling("min: 2, baseline: 2");
      const master = await troupe.master();
      await docker("kill", container(master?.name ?? ""));
      if (point === "after-drain") {
        await settled(2);
        await scaling("baseline: 1");
      }
      assert.equal(await controller.exit(), 137);
      controller = new ControllerProcess(environment());
      await scaling("baseline: 1");
      await settled(1);
      assert.deepEqual(await troupe.session.children(paths.draining), []);
      assert.equal((await troupe.session.children(paths.pids)).length, 2);
    });

  it("backs off when workers never get ready, and says so", async () => {
    await settled(1);
    await manifest("scaling: { window: 24h, min: 2, baseline: 2 }", "worker: { readyWithin: 5s }");
    troupe.gettingReady = false;
    await logged(/killing w-\d \(pid \d+\): never got ready, not in ZooKeeper for \d+s/);
    const degraded = await until("degraded", settleMs, async () => {
      const condition = (await status())?.conditions.find(({ type }) => type === "Degraded");
      return condition?.reason === "WorkerNotReady" ? found(condition) : notYet(condition);
    });
    assert.match(
      degraded.message,
      /^w-\d failed (once|\d+ times) to get ready \(not ready yet, it ended with exit code 137\)/,
    );
    troupe.gettingReady = true;
    await scaling("baseline: 1");
    await settled(1);
  });
});
