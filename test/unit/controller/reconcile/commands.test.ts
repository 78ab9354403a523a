import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerCommands } from "../../../../controller/reconcile/commands.ts";
import type { Command } from "../../../../core/state/znodes.ts";
import { Controller, pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";
import { dead, master, nowMs, observed, shortOf, slave, type WorkerIs } from "../makers.ts";

const rules = { paused: false, askerGoneMs: 10_000, acceptance: () => ({ refused: "nothing is missing" }) };
const command = (changes: Partial<Command> = {}): Command => ({
  kind: "crashSlave",
  madeAtMs: nowMs - 100,
  ...changes,
});

function answers(
  workers: readonly WorkerIs[],
  commands: readonly (Command | null)[],
  changes = {},
  registry: Parameters<typeof observed>[1] = {},
): readonly string[] {
  const world = observed(workers, {
    ...registry,
    commands: commands.map((made, i) => ({ id: `command-${i}`, command: made, version: 0 })),
  });
  return answerCommands(world, { ...rules, ...changes }).map((action) => {
    if (action.kind === "executeCommand")
      return `${action.command}: ${action.signal} ${action.target.worker}`;
    if (action.kind === "refuseCommand") return `${action.command}: ${action.reason}`;
    if (action.kind === "settleCommand") return `${action.command}: settled ${action.pid}`;
    return action.kind;
  });
}

const five = [master("w-1", 500), slave("w-2", 200), slave("w-3", 400), slave("w-4", 300)];

describe("answerCommands", () => {
  it("kills the slave with the highest pid, never the master", () =>
    assert.deepEqual(answers(five, [command()]), ["command-0: SIGKILL w-3"]));

  it("kills the master that holds the znode", () =>
    assert.deepEqual(answers(five, [command({ kind: "crashMaster" })]), ["command-0: SIGKILL w-1"]));

  it("asks the master to step down for a switchover", () =>
    assert.deepEqual(answers(five, [command({ kind: "switchover" })]), ["command-0: SIGTERM w-1"]));

  it("carries out one in a cycle, so that the next is decided on the world after it", () =>
    assert.deepEqual(answers(five, [command(), command()]), ["command-0: SIGKILL w-3"]));

  it("spares the heir while there is no master", () => {
    assert.deepEqual(answers([slave("w-2", 200), slave("w-3", 400)], [command()]), [
      "command-0: SIGKILL w-3",
    ]);
    assert.deepEqual(answers([slave("w-2", 200)], [command()]), []);
  });

  it("waits a moment for an election or a replacement, then says that there is nobody", () => {
    const old = command({ madeAtMs: nowMs - 3_000 });
    assert.deepEqual(answers([master("w-1", 1)], [command()]), []);
    assert.deepEqual(answers([master("w-1", 1)], [old]), ["command-0: there is no slave to kill"]);
    assert.deepEqual(answers([slave("w-1", 1)], [{ ...old, kind: "crashMaster" }]), [
      "command-0: there is no master to kill",
    ]);
    assert.deepEqual(answers([master("w-1", 1)], [{ ...old, kind: "switchover" }]), [
      "command-0: there is no slave that could take over",
    ]);
  });

  it("says at once that there is nobody when nobody lives", () =>
    assert.deepEqual(answers([dead("w-1", 1)], [command({ kind: "crashMaster" })]), [
      "command-0: there is no master to kill",
    ]));

  it("refuses a command that nobody waits for any more, and any while paused", () => {
    assert.deepEqual(answers(five, [command({ madeAtMs: nowMs - 10_001 })]), [
      "command-0: nobody waits for the answer any more",
    ]);
    assert.deepEqual(answers(five, [command()], { paused: true }), [
      "command-0: the manifest pauses the controller",
    ]);
  });

  describe("after a death of the controller in the middle of a command", () => {
    const chosen = (worker: WorkerIs) => ({ name: worker.name, pid: worker.pid, container: shortOf(worker) });

    it("finishes on the chosen one, whoever has the highest pid by now", () =>
      assert.deepEqual(answers(five, [command({ chosen: chosen(slave("w-2", 200)) })]), [
        "command-0: SIGKILL w-2",
      ]));

    it("kills nobody else when the chosen one is dead or restarted", () => {
      const victim = slave("w-3", 400);
      assert.deepEqual(
        answers([master("w-1", 500), dead("w-3", 400)], [command({ chosen: chosen(victim) })]),
        ["command-0: settled 400"],
      );
      const restarted = { ...chosen(victim), pid: 399 };
      assert.deepEqual(answers(five, [command({ chosen: restarted })]), ["command-0: settled 399"]);
    });

    it("asks a master that still leads to step down, and no worker that has stepped down", () => {
      const asked = (worker: WorkerIs) => command({ kind: "switchover", chosen: chosen(worker) });
      assert.deepEqual(answers(five, [asked(master("w-1", 500))]), ["command-0: SIGTERM w-1"]);
      const leaving = slave("w-1", 500, { state: "draining" });
      assert.deepEqual(answers([leaving, master("w-2", 200)], [asked(leaving)]), ["command-0: settled 500"]);
    });
  });

  it("keeps an answer for its asker, then clears it away with what cannot be read", () => {
    const outcome = { ok: true, pid: 4 } as const;
    assert.deepEqual(answers(five, [command({ outcome, madeAtMs: nowMs - 59_000 })]), []);
    assert.deepEqual(answers(five, [command({ outcome, madeAtMs: nowMs - 61_000 }), null]), [
      "removeCommand",
      "removeCommand",
    ]);
  });
});

describe("an accepted loss", () => {
  it("is noted with the id of the copy that goes on", async () => {
    const world = new FakeWorld(pidsFrom(1));
    const controller = new Controller(world);
    await controller.settle();
    world.write();
    const last = world.master?.name ?? "";
    world.down();
    world.copies.volumes.delete(last);
    for (let second = 0; second < 60; second++) {
      world.nowMs += 1_000;
      await controller.cycle();
      world.workersTurn();
    }
    world.commands.set("command-1", { kind: "acceptLoss", madeAtMs: world.nowMs });
    world.diesAt = "after-accept";
    await controller.cycle();
    const { broker, master: goesOn = "", copyIds } = world.copies.log ?? {};
    assert.equal(broker, "");
    assert.notEqual(goesOn, last);
    assert.deepEqual(copyIds, { [goesOn]: `${goesOn}'s` });
  });

  it("is noted once, and again only where the copy that was to go on is not there any more", () => {
    const chosen = { name: "w-1", container: "c-w-1", pid: 100 };
    const begun = command({ kind: "acceptLoss", chosen });
    const log = { broker: "", master: "w-1", epoch: 1, position: 10, version: 3, copyIds: { "w-1": "a" } };
    const with1 = (copyId: string) => ({
      log,
      copies: new Map([["w-1", { holds: log, copyId, atMs: nowMs }]]),
    });
    const waits = [slave("w-1", 100, { state: "joining" })];
    assert.deepEqual(answers(waits, [begun], {}, with1("a")), ["command-0: settled 100"]);
    assert.deepEqual(answers(waits, [begun], {}, with1("another")), ["command-0: nothing is missing"]);
  });
});
