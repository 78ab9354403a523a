import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endUnhealthy } from "../../../../controller/reconcile/health.ts";
import { emptyMemory, remember } from "../../../../controller/reconcile/memory.ts";
import type { Observed, WorkerView } from "../../../../controller/reconcile/workers.ts";
import type { WorkerNode } from "../../../../core/state/znodes.ts";
import { master, observed, slave, spec, watched } from "../makers.ts";

const kills = (world: Observed, memory = watched(world, 0)) =>
  endUnhealthy(world, memory, spec()).map(({ target, why }) => `${target.worker} ${why}`);

const later = (world: Observed, ms: number): Observed => ({ ...world, nowMs: world.nowMs + ms });

describe("endUnhealthy", () => {
  const silent = observed([master("w-1", 100), slave("w-2", 200, { state: "none" })]);

  it("leaves healthy workers alone", () =>
    assert.deepEqual(kills(observed([master("w-1", 100), slave("w-2", 200)])), []));

  it("gives a worker that starts its time to get ready", () => {
    assert.deepEqual(kills(silent, watched(silent, 59_999)), []);
    assert.deepEqual(kills(silent, watched(silent, 60_000)), ["w-2 neverReady"]);
  });

  it("ends a worker soon that was in ZooKeeper and is not any more", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const lost = remember(seen, silent);
    assert.deepEqual(kills(later(silent, 6_999), lost), []);
    assert.deepEqual(kills(later(silent, 7_000), lost), ["w-2 hung"]);
  });

  it("has more patience when nobody is in ZooKeeper: the cause lies outside", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const none = observed([slave("w-1", 100, { state: "none" }), slave("w-2", 200, { state: "none" })]);
    const lost = remember(seen, none);
    assert.deepEqual(kills(later(none, 60_000), lost), []);
    assert.deepEqual(kills(later(none, 300_000), lost), ["w-1 hung", "w-2 hung"]);
  });

  it("gives a worker its time anew when another comes back first from where all had been", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const none = observed([slave("w-1", 100, { state: "none" }), slave("w-2", 200, { state: "none" })]);
    const firstBack = later(silent, 30_000);
    const memory = remember(remember(seen, none), firstBack);
    assert.deepEqual(kills(later(firstBack, 6_999), memory), []);
    assert.deepEqual(kills(later(firstBack, 7_000), memory), ["w-2 hung"]);
  });

  it("forgives a worker that came back", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const lost = remember(seen, silent);
    const back = remember(lost, later(observed([master("w-1", 100), slave("w-2", 200)]), 5_000));
    const lostAgain = remember(back, later(silent, 6_000));
    assert.deepEqual(kills(later(silent, 8_000), lostAgain), []);
  });

  it("ends the one of two masters that does not hold the znode, once it is certain", () => {
    const two = observed([master("w-1", 100), slave("w-2", 200, { state: "master" })]);
    assert.deepEqual(kills(two, watched(two, 1_999)), []);
    assert.deepEqual(kills(two, watched(two, 2_000)), ["w-2 secondMaster"]);
  });

  it("judges nobody it has not watched itself", () => assert.deepEqual(kills(silent, emptyMemory), []));

  describe("a worker that joins and does not get on", () => {
    const joining = (position = 10) => {
      const world = observed([master("w-1", 100), slave("w-2", 200, { state: "joining" })]);
      return { ...world, workers: world.workers.map((view) => at(view, position)) };
    };
    const at = (view: WorkerView, position: number): WorkerView =>
      view.node === null || view.name !== "w-2" ? view : { ...view, node: { ...view.node, position } };

    it("is replaced after the time it has to get ready", () => {
      assert.deepEqual(kills(joining(), watched(joining(), 59_999)), []);
      assert.deepEqual(kills(joining(), watched(joining(), 60_000)), ["w-2 stuck"]);
    });

    it("keeps its time as long as its copy grows", () => {
      const first = remember(emptyMemory, joining(10));
      const grown = later(joining(11), 50_000);
      assert.deepEqual(kills(later(joining(11), 109_999), remember(first, grown)), []);
      assert.deepEqual(kills(later(joining(11), 110_000), remember(first, grown)), ["w-2 stuck"]);
    });

    it("keeps its time as long as it makes progress without reading the log, or says what it waits for", () => {
      const says = (changes: Partial<WorkerNode>) => {
        const world = joining();
        const told = (view: WorkerView): WorkerView =>
          view.name === "w-2" && view.node !== null ? { ...view, node: { ...view.node, ...changes } } : view;
        return { ...world, workers: world.workers.map(told) };
      };
      const receives = remember(
        remember(emptyMemory, says({ progress: 1 })),
        later(says({ progress: 2 }), 50_000),
      );
      assert.deepEqual(kills(later(says({ progress: 2 }), 109_999), receives), []);
      assert.deepEqual(kills(later(says({ progress: 2 }), 110_000), receives), ["w-2 stuck"]);
      const waits = says({ waiting: "waits for w-3" });
      assert.deepEqual(kills(waits, watched(waits, 600_000)), []);
    });

    it("is left alone while nobody else is ready: then the broker is the one that does not get on", () => {
      const all = observed([
        slave("w-1", 100, { state: "joining" }),
        slave("w-2", 200, { state: "joining" }),
      ]);
      assert.deepEqual(kills(all, watched(all, 600_000)), []);
    });

    it("counts as a failure, so that its successors come with growing pauses", () => {
      const stuck = watched(joining(), 60_000);
      const gone = later(observed([master("w-1", 100)]), 1_000);
      const failure = remember(stuck, gone).failures.get("w-2");
      assert.equal(failure?.count, 1);
      assert.equal(failure?.reason, "joining the log, its container is gone");
    });
  });
});
