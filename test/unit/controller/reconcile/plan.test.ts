import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerSeen } from "../../../../controller/ports.ts";
import type { Action } from "../../../../controller/reconcile/action.ts";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { plan } from "../../../../controller/reconcile/plan.ts";
import {
  dead,
  idOf,
  intent,
  master,
  nowMs,
  observed,
  onlyHost,
  shortOf,
  slave,
  spec,
  volumesOf,
  watched,
  windowNode,
} from "../makers.ts";

const target = (name: string, pid: number) => ({
  worker: name,
  host: onlyHost.name,
  id: idOf({ name, pid }),
  container: shortOf({ name, pid }),
  pid,
});

const started = (worker: string, replaces = false) =>
  ({ kind: "startWorker", worker, host: onlyHost.name, replaces }) as const;

describe("plan", () => {
  it("does nothing when the world is as desired", () =>
    assert.deepEqual(plan(intent(1), observed([master("w-1", 100), slave("w-2", 200)]), emptyMemory), []));

  it("starts a master and a slave in an empty world", () =>
    assert.deepEqual(plan(intent(1), observed([]), emptyMemory), [started("w-1"), started("w-2")]));

  it("forgets a dead master before anything else, and starts its replacement under its name", () => {
    const gone = dead("w-1", 100, { leads: true });
    const world = observed([gone, slave("w-2", 200)], {});
    assert.deepEqual(plan(intent(1), world, emptyMemory), [
      { kind: "forgetMaster", worker: "w-1", container: shortOf(gone), guid: "g" },
      {
        kind: "removeContainer",
        worker: "w-1",
        host: onlyHost.name,
        id: idOf(gone),
        ending: "killed",
        endedWith: "exit code 137",
        drained: false,
        suspects: "cleared",
      },
      { kind: "removePid", worker: "w-1" },
      started("w-1", true),
    ]);
  });

  it("forgets the znode of a worker whose container was removed by hand", () => {
    const world = observed([master("w-1", 100), slave("w-2", 200)]);
    const removed = observed([master("w-1", 100), slave("w-2", 200)], {
      ours: world.workers.filter(({ name }) => name === "w-1").map(({ container }) => container),
    });
    assert.deepEqual(
      plan(intent(1), removed, emptyMemory).map(({ kind }) => kind),
      ["forgetWorker", "removePid", "startWorker"],
    );
  });

  it("clears of suspicion only what a master held that was killed from outside and wanted to stay", () => {
    const leading = observed([slave("w-1", 100), master("w-2", 200)]);
    const following = observed([master("w-1", 100), slave("w-2", 200)]);
    const forgotten = (
      died: Partial<ContainerSeen>,
      marked?: { readonly atMs: number },
      before = leading,
    ): Action | undefined => {
      const ours = before.workers.map(({ container }) =>
        container.worker === "w-2" ? { ...container, state: "dead" as const, pid: 0, ...died } : container,
      );
      const drain = { container: shortOf({ name: "w-2", pid: 200 }), atMs: marked?.atMs ?? 0 };
      const draining = new Map(marked === undefined ? [] : [["w-2", drain]]);
      const world = observed([], { ...before, ours, draining });
      return plan(intent(1), world, emptyMemory).find(({ kind }) => kind === "forgetWorker");
    };
    const forget = { kind: "forgetWorker", worker: "w-2", container: shortOf({ name: "w-2", pid: 200 }) };
    assert.deepEqual(forgotten({ ending: "killed" }), { ...forget, killed: true });
    assert.deepEqual(forgotten({ ending: "outOfMemory" }), { ...forget, killed: false });
    assert.deepEqual(forgotten({ ending: "crashed" }), { ...forget, killed: false });
    assert.deepEqual(forgotten({ ending: "killed" }, { atMs: nowMs - 5_000 }), { ...forget, killed: false });
    assert.deepEqual(forgotten({ ending: "killed" }, undefined, following), { ...forget, killed: false });
  });

  it("leaves the znode alone of a worker that was never a container of ours", () => {
    const world = observed([master("w-1", 100), slave("w-2", 200)]);
    const [node] = world.nodes;
    assert.ok(node);
    const stranger = { ...node, name: "by-hand", container: "laptop" };
    assert.deepEqual(plan(intent(1), { ...world, nodes: [...world.nodes, stranger] }, emptyMemory), []);
  });

  it("tells a worker the pid that its container has now", () => {
    const world = observed([master("w-1", 100), slave("w-2", 200, { pidTold: false })]);
    assert.deepEqual(plan(intent(1), world, emptyMemory), [{ kind: "writePid", target: target("w-2", 200) }]);
  });

  it("scales in by draining the slave with the highest pid, whatever its name", () => {
    const world = observed([slave("w-1", 300), master("w-2", 400), slave("w-3", 200)]);
    assert.deepEqual(plan(intent(1), world, emptyMemory), [{ kind: "drain", target: target("w-1", 300) }]);
  });

  it("drains one that is not ready before one that serves", () => {
    const world = observed([master("w-1", 100), slave("w-2", 900), slave("w-3", 200, { state: "joining" })]);
    assert.deepEqual(plan(intent(1), world, emptyMemory), [{ kind: "drain", target: target("w-3", 200) }]);
  });

  it("does not drain a slave twice, nor another in its place", () => {
    const marked = { marked: { atMs: nowMs - 1_000 } };
    const world = observed([master("w-1", 100), slave("w-2", 200), slave("w-3", 300, marked)]);
    assert.deepEqual(plan(intent(1), world, emptyMemory), []);
  });

  it("does not scale in while there is no master", () =>
    assert.deepEqual(
      plan(intent(1), observed([slave("w-1", 100), slave("w-2", 200), slave("w-3", 300)]), emptyMemory),
      [],
    ));

  it("takes the drain mark off a slave that was elected in spite of it", () => {
    const world = observed([{ ...master("w-1", 100), marked: { atMs: nowMs } }, slave("w-2", 200)]);
    assert.deepEqual(plan(intent(1), world, emptyMemory), [{ kind: "removeDrain", worker: "w-1" }]);
  });

  it("removes a drained slave that has left, and its marks, and starts nobody in its place", () => {
    const left = dead("w-3", 300, { ending: "clean", marked: { atMs: nowMs - 5_000 } });
    const world = observed([master("w-1", 100), slave("w-2", 200), left]);
    assert.deepEqual(
      plan(intent(1), world, emptyMemory).map(({ kind }) => kind),
      ["removeContainer", "removePid", "removeDrain"],
    );
  });

  it("kills a slave that drains for too long", () => {
    const marked = { marked: { atMs: nowMs - 30_000 } };
    const world = observed([master("w-1", 100), slave("w-2", 200), slave("w-3", 300, marked)]);
    const [action, ...rest] = plan(intent(1), world, watched(world, 31_000));
    assert.equal(action?.kind === "kill" && action.why, "drainOverdue");
    assert.deepEqual(rest, []);
  });

  it("passes by names that foreign containers bear", () => {
    const foreign = [{ name: "dbaas-w-1", worker: "w-1", reason: "somebody's" }];
    assert.deepEqual(plan(intent(1), observed([], { foreign }), emptyMemory), [
      started("w-2"),
      started("w-3"),
    ]);
  });

  it("waits a moment for a name whose container is being removed, then passes it by", () => {
    const [leader] = observed([master("w-1", 100)]).workers;
    const [going] = observed([dead("w-2", 200)]).workers;
    assert.ok(leader && going);
    const world = observed([master("w-1", 100)], {
      ours: [leader.container, { ...going.container, state: "going" }],
    });
    assert.deepEqual(plan(intent(1), world, emptyMemory), []);
    assert.deepEqual(plan(intent(1), { ...world, wallMs: nowMs + 10_000 }, emptyMemory), [started("w-3")]);
  });

  it("waits before it starts a worker again that failed to get ready", () => {
    const failures = new Map([["w-2", { count: 3, notBeforeMs: nowMs + 500, reason: "exit code 1" }]]);
    const world = observed([master("w-1", 100)]);
    assert.deepEqual(plan(intent(1), world, { ...emptyMemory, failures }), []);
    const later = { ...world, nowMs: nowMs + 500 };
    assert.deepEqual(plan(intent(1), later, { ...emptyMemory, failures }), [started("w-2")]);
  });

  it("starts no other volume beside running workers that wait for none, though it is not known who led last", () => {
    const volumes = volumesOf(["w-1", "w-2", "w-3", "w-4"].map((name) => ({ name })));
    const copies = new Map([...volumes.keys()].map((name) => [name, { holds: null, atMs: 0 }]));
    const world = observed([slave("w-1", 100), slave("w-2", 200)], { log: null, volumes, copies });
    assert.deepEqual(plan(intent(1), world, emptyMemory), []);
    const none = observed([], { log: null, volumes, copies });
    assert.deepEqual(
      plan(intent(1), none, emptyMemory),
      ["w-1", "w-2", "w-3", "w-4"].map((name) => started(name)),
    );
  });

  it("publishes an accepted manifest and the window's move", () => {
    const window = windowNode();
    const specNode = { generation: 4, spec: spec() };
    const world = observed([master("w-1", 100), slave("w-2", 200)]);
    assert.deepEqual(plan(intent(1, { window, specNode }), world, emptyMemory), [
      { kind: "publishSpec", node: specNode },
      { kind: "moveWindow", node: window, ended: 0 },
    ]);
  });

  it("only keeps books while paused", () => {
    const paused = { ...intent(3), spec: spec({ paused: true }) };
    const world = observed([dead("w-1", 100, { leads: true }), slave("w-2", 200, { pidTold: false })]);
    assert.deepEqual(plan(paused, world, emptyMemory), [{ kind: "writePid", target: target("w-2", 200) }]);
  });
});
