// Several hosts: where workers are started, what happens when one is away, and what when it is back.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HostSeen } from "../../../../controller/ports.ts";
import { dataFinding } from "../../../../controller/reconcile/data-complete.ts";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { plan } from "../../../../controller/reconcile/plan.ts";
import type { Observed } from "../../../../controller/reconcile/workers.ts";
import type { CopyNode } from "../../../../core/state/znodes.ts";
import { runs } from "../../../support/runs.ts";
import { Controller, pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";
import {
  intent,
  master,
  nowMs,
  observed,
  onlyHost,
  slave,
  spec,
  volumesOf,
  type WorkerIs,
} from "../makers.ts";

const sinceMs = nowMs - 7_000;

const hostsOf = (...away: readonly number[]): readonly HostSeen[] =>
  [1, 2, 3].map((number) => ({
    ...onlyHost,
    name: `host${number}`,
    number,
    ...(away.includes(number) ? { reachable: false, sinceMs } : {}),
  }));

const on = (number: number, worker: WorkerIs): WorkerIs => ({ ...worker, host: `host${number}` });

/**
 * As it is seen: what runs on hosts that are away is out of sight, and their volumes are known only by their notes.
 * @param expired whether the sessions of workers there have ended as well
 */
function sighted(workers: readonly WorkerIs[], away: readonly number[], expired: boolean): Observed {
  const isAway = (host = ""): boolean => away.some((number) => host === `host${number}`);
  const all = observed(workers, { hosts: hostsOf(...away) });
  const ours = all.workers.map(({ container }) =>
    isAway(container.host) ? { ...container, pid: 0, state: "unknown" as const } : container,
  );
  const here = workers.filter(({ host }) => !isAway(host));
  const copies = new Map(
    workers.map(({ name, host = onlyHost.name }) => [
      name,
      { holds: { epoch: 1, position: 10 }, atMs: nowMs, host },
    ]),
  );
  const { nodes, master: leader } = observed(expired ? here : workers);
  return observed(workers, { ...all, ours, volumes: volumesOf(here), copies, nodes, master: leader });
}

const world = (workers: readonly WorkerIs[], ...away: readonly number[]): Observed =>
  sighted(workers, away, true);

const withVolumes = (seen: Observed, ...volumes: readonly (readonly [string, string])[]): Observed => ({
  ...seen,
  volumes: new Map([...seen.volumes, ...volumes]),
  copies: new Map([
    ...seen.copies,
    ...volumes.map(([name, host]): readonly [string, CopyNode] => [
      name,
      { holds: { epoch: 1, position: 9 }, atMs: nowMs, host },
    ]),
  ]),
});

const planned = (slaves: number, seen: Observed): readonly string[] =>
  plan(intent(slaves), seen, emptyMemory).map((action) => {
    if (action.kind === "startWorker") return `start ${action.worker} on ${action.host}`;
    if (action.kind === "drain") return `drain ${action.target.worker}`;
    return action.kind;
  });

describe("where workers are started", () => {
  it("is one host after the other, the one with the fewest first", () => {
    assert.deepEqual(planned(2, world([])), [
      "start w-1 on host1",
      "start w-2 on host2",
      "start w-3 on host3",
    ]);
    assert.deepEqual(planned(4, world([on(2, master("w-1", 1)), on(3, slave("w-2", 2))])), [
      "start w-3 on host1",
      "start w-4 on host1",
      "start w-5 on host2",
    ]);
  });

  it("is never a host that is away, or one without the image", () => {
    assert.deepEqual(planned(1, world([on(2, master("w-1", 1))], 1)), ["start w-2 on host3"]);
    const hosts = hostsOf().map((host) => (host.number === 1 ? { ...host, image: null } : host));
    assert.deepEqual(planned(1, { ...world([on(2, master("w-1", 1))]), hosts }), ["start w-2 on host3"]);
  });

  it("waits for a host that comes up, once the others have more, but not for long", () => {
    const coming = (sinceMs: number): readonly HostSeen[] =>
      hostsOf().map((host) => (host.number === 2 ? host : { ...host, image: null, sinceMs }));
    assert.deepEqual(planned(3, { ...world([]), hosts: coming(nowMs - 1_000) }), ["start w-1 on host2"]);
    assert.deepEqual(planned(1, { ...world([]), hosts: coming(nowMs - 60_000) }), [
      "start w-1 on host2",
      "start w-2 on host2",
    ]);
  });

  it("is where a volume with data is, before a fresh one elsewhere", () => {
    const seen = world([on(1, master("w-1", 1)), on(1, slave("w-2", 2)), on(2, slave("w-3", 3))]);
    assert.deepEqual(planned(3, withVolumes(seen, ["w-4", "host1"])), ["start w-4 on host1"]);
  });

  it("is another host when all copies would be on one otherwise, on a volume there or on a fresh one", () => {
    const seen = world([on(1, master("w-1", 1))]);
    const spare = withVolumes(seen, ["w-2", "host1"]);
    assert.deepEqual(planned(1, spare), ["start w-3 on host2"]);
    assert.deepEqual(planned(1, withVolumes(spare, ["w-3", "host3"])), ["start w-3 on host3"]);
    const alone = { ...spare, hosts: hostsOf(2, 3) };
    assert.deepEqual(planned(1, alone), ["start w-2 on host1"]);
  });
});

describe("a worker that is too many", () => {
  it("is taken from the fullest host", () => {
    const workers = [
      on(1, master("w-1", 1)),
      on(2, slave("w-2", 9)),
      on(3, slave("w-3", 3)),
      on(3, slave("w-4", 4)),
    ];
    assert.deepEqual(planned(2, world(workers)), ["drain w-4"]);
  });

  it("is not the only one on another host than the master's", () => {
    const workers = [on(1, master("w-1", 1)), on(1, slave("w-2", 2)), on(2, slave("w-3", 3))];
    assert.deepEqual(planned(1, world(workers)), ["drain w-2"]);
  });

  it("is one more while all that are ready share a host that another could relieve", () => {
    const crowded = [on(1, master("w-1", 1)), on(1, slave("w-2", 2))];
    assert.deepEqual(planned(1, world(crowded)), ["start w-3 on host2"]);
    assert.deepEqual(planned(1, world(crowded, 2, 3)), []);
    const coming = [...crowded, on(2, slave("w-3", 3, { state: "joining" }))];
    assert.deepEqual(planned(1, world(coming)), []);
    const come = [...crowded, on(2, slave("w-3", 3))];
    assert.deepEqual(planned(1, world(come)), ["drain w-2"]);
  });
});

describe("a host that is away", () => {
  const workers = [on(1, master("w-1", 1)), on(2, slave("w-2", 2))];

  it("gets no action and keeps all that is noted of its workers; they are replaced elsewhere under other names", () => {
    assert.deepEqual(planned(1, world(workers, 2)), ["start w-3 on host3"]);
    assert.deepEqual(planned(1, world(workers, 1)), ["start w-3 on host3"]);
  });

  it("gets nobody started for a worker that keeps its session: it is cut off from the engine's managers alone", () => {
    for (const number of [1, 2]) {
      const served = sighted(workers, [number], false);
      assert.deepEqual(planned(1, served), []);
      const seen = served.workers.map(({ phase, container }) => `${phase} ${container.pid}`);
      assert.deepEqual(seen, ["master 1", "slave 2"]);
    }
  });

  it("keeps its workers' names, also when only a note tells of them", () => {
    const seen = world(workers, 2);
    const unseen = { ...seen, workers: seen.workers.filter(({ name }) => name === "w-1") };
    assert.deepEqual(planned(1, unseen).slice(-1), ["start w-3 on host3"]);
    assert.equal(planned(1, unseen).includes("unlistCopy"), false);
  });

  it("has its name noted beside what an earlier version wrote of a copy", () => {
    const seen = world(workers);
    const copies = new Map([...seen.copies].map(([name, { host: _, ...earlier }]) => [name, earlier]));
    const note = { kind: "listCopy", worker: "w-1", host: "host1" };
    assert.deepEqual(plan(intent(1), { ...seen, copies }, emptyMemory)[0], note);
    const alone = { ...seen, copies, hosts: hostsOf().slice(0, 1) };
    assert.equal(planned(1, alone).includes("listCopy"), false);
  });

  it("is nobody's excuse to kill: being out of sight counts for nothing", () => {
    const seen = world(workers, 2);
    const later = { ...seen, nowMs: nowMs + 3_600_000, wallMs: nowMs + 3_600_000 };
    assert.deepEqual(planned(1, later), ["start w-3 on host3"]);
  });

  it("has what the workers wait for, when its copy is the last master's", () => {
    const [, second] = workers;
    assert.ok(second);
    const seen = world(workers, 1);
    const log = { broker: "b", master: "w-1", epoch: 1, position: 10, version: 0 };
    const nodes = seen.nodes
      .filter(({ name }) => name === "w-2")
      .map((node) => ({ ...node, eligible: false, waiting: "waits for w-1" }));
    const waiting = observed([on(2, { ...second, state: "joining" })], {
      ...seen,
      ours: seen.workers.map(({ container }) => container),
      nodes,
      master: null,
      log,
    });
    const finding = dataFinding(waiting, emptyMemory, { paused: false, readyWithinMs: 60_000 });
    assert.equal(finding.kind === "missing" && finding.reason, "HostAway");
    assert.match(
      finding.kind === "missing" ? finding.message : "",
      /w-1, .* is on host1, which is away since /,
    );
  });
});

describe("hosts that come and go", () => {
  const spread = (fake: FakeWorld): number => new Set(fake.running.map(({ seen }) => seen.host)).size;

  /** What runs there goes on, cut off: its sessions expire. */
  const lose = (fake: FakeWorld, host: string): void => {
    fake.engine.setReachable(host, false, fake.nowMs);
    fake.expireSessions();
  };

  async function settled(seed: number, slaves: number) {
    const fake = new FakeWorld(pidsFrom(seed));
    fake.engine.hosts = hostsOf();
    fake.spec = spec({ scaling: { ...spec().scaling, baseline: slaves } });
    const controller = new Controller(fake);
    await controller.settle();
    return { fake, controller };
  }

  it("leave as many workers as desired in sight, and none too many when they are back", async () => {
    for (const host of ["host1", "host2"]) {
      const { fake, controller } = await settled(3, 1);
      fake.write();
      lose(fake, host);
      await controller.settle();
      assert.equal(fake.engine.connected.length, 2);
      assert.equal(fake.running.length, 3);
      fake.write();
      fake.engine.setReachable(host, true, fake.nowMs);
      await controller.settle();
      assert.deepEqual([fake.running.length, spread(fake)], [2, 2]);
      assert.deepEqual(fake.copies.lost, []);
    }
  });

  it("lose nothing, kill no master, and leave what is desired spread over them", async () => {
    const event = fc.record({
      what: fc.constantFrom("lose", "return", "kill", "write", "turn", "restart", "scale", "wait", "expire"),
      which: fc.nat(7),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), fc.nat(), async (events, seed) => {
        const { fake, controller } = await settled(seed, 1);
        let slaves = 1;
        for (const { what, which } of events) {
          const host = `host${1 + (which % 3)}`;
          const container = fake.engine.connected[which % Math.max(1, fake.engine.connected.length)];
          if (what === "lose" && fake.engine.hosts.every(({ reachable }) => reachable)) lose(fake, host);
          else if (what === "return") fake.engine.setReachable(host, true, fake.nowMs);
          else if (what === "kill") fake.kill(container?.seen.id ?? "");
          else if (what === "write") fake.write();
          else if (what === "turn") fake.workersTurn();
          else if (what === "restart") controller.memory = emptyMemory;
          else if (what === "wait") fake.nowMs += 30_000;
          else if (what === "expire") fake.expireSessions();
          else if (what === "scale") {
            slaves = 1 + (which % 5);
            fake.spec = spec({ scaling: { ...spec().scaling, baseline: slaves } });
          }
          fake.nowMs += 500;
          await controller.cycle();
        }
        for (const { name } of fake.engine.hosts) fake.engine.setReachable(name, true, fake.nowMs);
        fake.expireSessions();
        for (let i = 0; i < 3; i++) {
          await controller.settle();
          fake.nowMs += 400_000;
        }
        await controller.settle();
        assert.equal(fake.running.length, slaves + 1);
        assert.ok(spread(fake) >= 2);
        assert.deepEqual((await controller.cycle()).acted, []);
        assert.deepEqual(fake.copies.lost, []);
        assert.deepEqual(
          fake.harms.filter((harm) => harm.endsWith(" master")),
          [],
        );
      }),
      { numRuns: runs(150) },
    );
  });
});
