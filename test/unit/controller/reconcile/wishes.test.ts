import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerWishes } from "../../../../controller/reconcile/wishes.ts";
import type { Wish } from "../../../../core/state/znodes.ts";
import { dead, master, nowMs, observed, shortOf, slave, type WorkerIs } from "../makers.ts";

const rules = { paused: false, askerGoneMs: 10_000, acceptance: () => ({ refused: "nothing is missing" }) };
const wish = (changes: Partial<Wish> = {}): Wish => ({
  kind: "crashSlave",
  madeAtMs: nowMs - 100,
  ...changes,
});

function answers(
  workers: readonly WorkerIs[],
  wishes: readonly (Wish | null)[],
  changes = {},
): readonly string[] {
  const world = observed(workers, {
    wishes: wishes.map((made, i) => ({ id: `wish-${i}`, wish: made, version: 0 })),
  });
  return answerWishes(world, { ...rules, ...changes }).map((action) => {
    if (action.kind === "grantWish") return `${action.wish}: ${action.signal} ${action.target.worker}`;
    if (action.kind === "refuseWish") return `${action.wish}: ${action.reason}`;
    if (action.kind === "settleWish") return `${action.wish}: settled ${action.pid}`;
    return action.kind;
  });
}

const five = [master("w-1", 500), slave("w-2", 200), slave("w-3", 400), slave("w-4", 300)];

describe("answerWishes", () => {
  it("kills the slave with the highest pid, never the master", () =>
    assert.deepEqual(answers(five, [wish()]), ["wish-0: SIGKILL w-3"]));

  it("kills the master that holds the znode", () =>
    assert.deepEqual(answers(five, [wish({ kind: "crashMaster" })]), ["wish-0: SIGKILL w-1"]));

  it("asks the master to step down for a switchover", () =>
    assert.deepEqual(answers(five, [wish({ kind: "switchover" })]), ["wish-0: SIGTERM w-1"]));

  it("carries out one in a cycle, so that the next is decided on the world after it", () =>
    assert.deepEqual(answers(five, [wish(), wish()]), ["wish-0: SIGKILL w-3"]));

  it("spares the heir while there is no master", () => {
    assert.deepEqual(answers([slave("w-2", 200), slave("w-3", 400)], [wish()]), ["wish-0: SIGKILL w-3"]);
    assert.deepEqual(answers([slave("w-2", 200)], [wish()]), []);
  });

  it("waits a moment for an election or a replacement, then says that there is nobody", () => {
    const old = wish({ madeAtMs: nowMs - 3_000 });
    assert.deepEqual(answers([master("w-1", 1)], [wish()]), []);
    assert.deepEqual(answers([master("w-1", 1)], [old]), ["wish-0: there is no slave to kill"]);
    assert.deepEqual(answers([slave("w-1", 1)], [{ ...old, kind: "crashMaster" }]), [
      "wish-0: there is no master to kill",
    ]);
    assert.deepEqual(answers([master("w-1", 1)], [{ ...old, kind: "switchover" }]), [
      "wish-0: there is no slave that could take over",
    ]);
  });

  it("says at once that there is nobody when nobody lives", () =>
    assert.deepEqual(answers([dead("w-1", 1)], [wish({ kind: "crashMaster" })]), [
      "wish-0: there is no master to kill",
    ]));

  it("refuses a wish that nobody waits for any more, and any while paused", () => {
    assert.deepEqual(answers(five, [wish({ madeAtMs: nowMs - 10_001 })]), [
      "wish-0: nobody waits for the answer any more",
    ]);
    assert.deepEqual(answers(five, [wish()], { paused: true }), [
      "wish-0: the manifest pauses the controller",
    ]);
  });

  describe("after a death of the controller in the middle of a wish", () => {
    const chosen = (worker: WorkerIs) => ({ name: worker.name, pid: worker.pid, container: shortOf(worker) });

    it("finishes on the chosen one, whoever has the highest pid by now", () =>
      assert.deepEqual(answers(five, [wish({ chosen: chosen(slave("w-2", 200)) })]), [
        "wish-0: SIGKILL w-2",
      ]));

    it("kills nobody else when the chosen one is dead or restarted", () => {
      const victim = slave("w-3", 400);
      assert.deepEqual(answers([master("w-1", 500), dead("w-3", 400)], [wish({ chosen: chosen(victim) })]), [
        "wish-0: settled 400",
      ]);
      const restarted = { ...chosen(victim), pid: 399 };
      assert.deepEqual(answers(five, [wish({ chosen: restarted })]), ["wish-0: settled 399"]);
    });

    it("asks a master that still leads to step down, and no worker that has stepped down", () => {
      const asked = (worker: WorkerIs) => wish({ kind: "switchover", chosen: chosen(worker) });
      assert.deepEqual(answers(five, [asked(master("w-1", 500))]), ["wish-0: SIGTERM w-1"]);
      const leaving = slave("w-1", 500, { state: "draining" });
      assert.deepEqual(answers([leaving, master("w-2", 200)], [asked(leaving)]), ["wish-0: settled 500"]);
    });
  });

  it("keeps an answer for its asker, then clears it away with what cannot be read", () => {
    const outcome = { ok: true, pid: 4 } as const;
    assert.deepEqual(answers(five, [wish({ outcome, madeAtMs: nowMs - 59_000 })]), []);
    assert.deepEqual(answers(five, [wish({ outcome, madeAtMs: nowMs - 61_000 }), null]), [
      "removeWish",
      "removeWish",
    ]);
  });
});
