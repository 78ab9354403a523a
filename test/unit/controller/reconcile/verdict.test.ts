import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContainerSeen, Ending, Registry, SuspectsVerdict } from "../../../../controller/ports.ts";
import { type ActPorts, carryOut } from "../../../../controller/reconcile/act.ts";
import type { Action } from "../../../../controller/reconcile/action.ts";
import { emptyMemory, type Memory, remember } from "../../../../controller/reconcile/memory.ts";
import { plan } from "../../../../controller/reconcile/plan.ts";
import type { Observed } from "../../../../controller/reconcile/workers.ts";
import { dead, intent, master, observed, shortOf, slave } from "../makers.ts";

const [first, second, third] = [master("w-1", 100), slave("w-2", 200), slave("w-3", 300)];
const before = observed([first, second, third]);
const removed = (action: Action) => action.kind === "removeContainer";

/** What is said of the suspects of the only container that is removed, by a controller that saw the world as it was in these steps. */
function verdict(steps: readonly Observed[], memory: Memory = emptyMemory): SuspectsVerdict | null {
  const last = steps.at(-1);
  assert.ok(last);
  const [action, ...others] = plan(intent(2), last, steps.reduce(remember, memory)).filter(removed);
  assert.ok(action?.kind === "removeContainer");
  assert.deepEqual(others, []);
  return action.suspects;
}

/** Its znodes are gone with its session. */
const slaveDead = (ending: Ending = "killed"): Observed =>
  observed([first, second, dead("w-3", 300, { ending })]);
const masterDead = (ending: Ending = "killed"): Observed =>
  observed([dead("w-1", 100, { ending }), second, third]);

describe("the verdict on what a worker had begun, when its znode is gone before its container is seen to be dead", () => {
  it("blames what a killed slave had in hand", () => assert.equal(verdict([before, slaveDead()]), "blamed"));

  it("clears what a killed master had in hand, also when another one leads by now", () => {
    const led = { ...slave("w-2", 200), state: "master", leads: true } as const;
    const later = observed([dead("w-1", 100), led, third]);
    assert.equal(verdict([before, masterDead()]), "cleared");
    assert.equal(
      verdict([before, { ...later, master: later.master && { ...later.master, epoch: 8 } }]),
      "cleared",
    );
  });

  it("says the same as long as the container is there", () => {
    assert.equal(verdict([before, slaveDead(), slaveDead()]), "blamed");
    assert.equal(verdict([before, masterDead(), masterDead()]), "cleared");
  });

  it("blames what any worker had in hand that ended by itself", () => {
    for (const ending of ["clean", "crashed", "outOfMemory"] as const) {
      assert.equal(verdict([before, slaveDead(ending)]), "blamed");
      assert.equal(verdict([before, masterDead(ending)]), "blamed");
      assert.equal(verdict([slaveDead(ending)]), "blamed");
    }
  });

  it("blames what a slave had in hand that hung until it was killed", () => {
    const hung = observed([first, second, { ...third, state: "none" }]);
    assert.equal(verdict([before, hung, slaveDead()]), "blamed");
  });

  it("says nothing of a master that hung, or was cut off, until it was killed", () => {
    const apart = observed([{ name: "w-1", pid: 100, state: "none" }, second, third]);
    assert.equal(verdict([before, apart, masterDead()]), null);
  });

  it("says nothing of a master that was out of sight with its host until it was killed, and clears one that only ended", () => {
    const gone = observed([{ name: "w-1", pid: 100, state: "none" }, second, third]);
    const seenAs = (state: ContainerSeen["state"]) =>
      observed([{ name: "w-1", pid: 100, state: "none" }, second, third], {
        ours: gone.workers.map(({ name, container }) =>
          name === "w-1" ? { ...container, pid: 0, state } : container,
        ),
      });
    assert.equal(verdict([before, seenAs("unknown"), masterDead()]), null);
    assert.equal(verdict([before, seenAs("going"), masterDead()]), "cleared");
  });

  it("says nothing of a killed worker that may have led since it was last seen", () => {
    const { master: leader } = slaveDead();
    assert.ok(leader);
    assert.equal(verdict([before, { ...slaveDead(), master: { ...leader, epoch: 9 } }]), null);
    const log = { broker: "b", master: "w-3", epoch: 8, position: 11, version: 1 };
    assert.equal(verdict([before, { ...slaveDead(), master: null, log }]), null);
    assert.equal(verdict([before, { ...slaveDead(), master: null, log: { ...log, master: "w-2" } }]), null);
  });

  it("says nothing of a killed worker that this controller has never seen in ZooKeeper", () =>
    assert.equal(verdict([slaveDead()]), null));

  it("is told to ZooKeeper before the container is removed, and none that is not certain", async () => {
    const told: string[] = [];
    const ports = {
      engine: { lastWords: async () => "", remove: async () => void told.push("removed") },
      registry: {
        judgeSuspects: async (...judged: Parameters<Registry["judgeSuspects"]>) =>
          void told.push(judged.join(" ")),
      },
      failpoint: () => undefined,
      interrupted: () => false,
    } as unknown as ActPorts;
    const actions = (steps: readonly Observed[], now: Observed) =>
      plan(intent(2), now, steps.reduce(remember, emptyMemory)).filter(removed);
    await carryOut(actions([before, slaveDead()], slaveDead()), ports);
    await carryOut(actions([slaveDead()], slaveDead()), ports);
    assert.deepEqual(told, [`w-3 ${shortOf(third)} blamed`, "removed", "removed"]);
  });
});
