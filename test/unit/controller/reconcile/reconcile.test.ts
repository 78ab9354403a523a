import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { describe as inWords } from "../../../../controller/reconcile/action.ts";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { reconcile, type World } from "../../../../controller/reconcile/reconcile.ts";
import { messageOf } from "../../../../core/errors.ts";
import { runs } from "../../../support/runs.ts";
import { Controller, pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";
import { spec } from "../makers.ts";

const points = [
  "after-claim",
  "after-create",
  "after-start",
  "before-forgetMaster",
  "after-forgetMaster",
  "before-removeContainer",
  "after-removeContainer",
  "after-drain",
  "after-writePid",
  "after-moveWindow",
  "after-choose",
  "after-crash",
  "after-stepDown",
] as const;

const rolesIn = (world: FakeWorld): readonly string[] =>
  world.running.map(({ seen }) => world.roleOf(seen.id)).sort();

const assertAsDesired = (world: FakeWorld, slaves: number): void => {
  assert.deepEqual(rolesIn(world), ["master", ...Array.from({ length: slaves }, () => "slave")].sort());
  const names = world.running.map(({ seen }) => seen.worker).sort();
  assert.deepEqual([...world.containers.values()].map(({ seen }) => seen.worker).sort(), names);
  assert.deepEqual([...world.pids.keys()].sort(), names);
  assert.deepEqual([...world.nodes.keys()].sort(), names);
  assert.deepEqual([...world.draining.keys()], []);
};

async function settled(seed = 1): Promise<{ world: FakeWorld; controller: Controller }> {
  const world = new FakeWorld(pidsFrom(seed));
  const controller = new Controller(world);
  await controller.settle();
  return { world, controller };
}

const masterIdIn = (world: FakeWorld): string => {
  const found = world.running.find(({ seen }) => seen.shortId === world.master?.container);
  assert.ok(found);
  return found.seen.id;
};

const slavesWanted = (slaves: number) => spec({ scaling: { ...spec().scaling, baseline: slaves } });

describe("reconcile", () => {
  it("brings an empty world to a master and a slave", async () => {
    const { world } = await settled();
    assertAsDesired(world, 1);
  });

  it("does nothing, cycle after cycle, in a world that is as desired", async () => {
    const { controller } = await settled();
    for (let i = 0; i < 5; i++) assert.deepEqual((await controller.cycle()).acted, []);
  });

  it("replaces a dead master under its name, with its volume", async () => {
    const { world, controller } = await settled();
    const name = world.master?.name;
    world.kill(masterIdIn(world));
    await controller.settle();
    assertAsDesired(world, 1);
    assert.notEqual(world.master?.name, name);
  });

  it("frees the master's place in the first cycle after its death", async () => {
    const { world, controller } = await settled();
    world.kill(masterIdIn(world));
    const { acted } = await controller.cycle();
    assert.deepEqual(
      acted.slice(0, 2).map(({ action }) => action.kind),
      ["forgetWorker", "forgetMaster"],
    );
    assert.equal(world.master, null);
  });

  it("comes back from the death of all", async () => {
    const { world, controller } = await settled();
    for (const { seen } of world.running) world.kill(seen.id);
    await controller.settle();
    assertAsDesired(world, 1);
  });

  it("replaces a hung worker", async () => {
    const { world, controller } = await settled();
    const hung = masterIdIn(world);
    world.hang(hung);
    world.expireSessions();
    await controller.settle();
    await controller.settle();
    assertAsDesired(world, 1);
    assert.equal(world.containers.has(hung), false);
  });

  it("scales out by traffic and back in again, never touching the master", async () => {
    const { world, controller } = await settled();
    world.reads = 1;
    await controller.cycle();
    world.reads = 60;
    world.nowMs += 120_000;
    await controller.settle();
    assertAsDesired(world, 3);
    world.nowMs += 240_000;
    await controller.settle();
    assertAsDesired(world, 1);
    assert.deepEqual(
      world.harms.map((harm) => harm.replace(/w-\d+ /, "")),
      ["drain slave", "drain slave"],
    );
  });

  it("says what it does in words", async () => {
    const { world, controller } = await settled();
    world.reads = 1;
    await controller.cycle();
    world.reads = 21;
    world.nowMs += 120_000;
    const { acted, intent } = await controller.cycle();
    assert.equal(intent?.desired.reason, "21 reads in 2m0s -> 2 slaves");
    assert.deepEqual(
      acted.flatMap(({ action }) => inWords(action) ?? []),
      ["starting worker w-3"],
    );
  });

  it("backs off, with growing pauses, when workers cannot be started", async () => {
    const world = new FakeWorld(pidsFrom(1));
    world.engineRefuses = true;
    const controller = new Controller(world);
    let tries = 0;
    for (let second = 0; second < 60; second++) {
      world.nowMs += 1_000;
      tries += (await controller.cycle()).acted.filter(({ action }) => action.kind === "startWorker").length;
    }
    assert.ok(tries >= 8 && tries <= 14, `${tries} tries of two workers in a minute`);
    world.engineRefuses = false;
    world.nowMs += 60_000;
    await controller.settle();
    assertAsDesired(world, 1);
  });

  it("backs off when a worker dies again and again before it is ready", async () => {
    const { world, controller } = await settled();
    let starts = 0;
    for (let second = 0; second < 120; second++) {
      for (const { seen } of world.running) if (!world.nodes.has(seen.worker)) world.crash(seen.id);
      if (second === 0)
        world.kill(world.running.find(({ seen }) => world.roleOf(seen.id) === "slave")?.seen.id ?? "");
      world.nowMs += 1_000;
      starts += (await controller.cycle()).acted.filter(({ action }) => action.kind === "startWorker").length;
    }
    assert.ok(starts >= 4 && starts <= 9, `${starts} starts in two minutes`);
  });

  it("carries out a crash command once, and answers it", async () => {
    const { world, controller } = await settled();
    world.commands.set("command-1", { kind: "crashMaster", madeAtMs: world.nowMs });
    const victim = world.master?.pid;
    await controller.cycle();
    assert.deepEqual(world.commands.get("command-1")?.outcome, { ok: true, pid: victim });
    await controller.settle();
    assertAsDesired(world, 1);
    assert.equal(world.harms.length, 1);
  });

  it("does nothing for a command that its client withdraws at any moment before the choice is written down", async () => {
    for (const kind of ["crashMaster", "crashSlave", "switchover"] as const) {
      const { world } = await settled();
      world.commands.set("command-1", { kind, madeAtMs: world.nowMs });
      const withdrawn: World = {
        ...world.controller(),
        failpoint: (name) => void (name === "before-executeCommand" && world.commands.delete("command-1")),
      };
      const { acted } = await reconcile(withdrawn, emptyMemory);
      assert.match(messageOf(acted.find(({ error }) => error !== null)?.error), /withdrawn/);
      assert.deepEqual(world.harms, [], kind);
    }
  });

  describe("with workers of an older image", () => {
    /** Every cycle and every turn of the workers, until nothing is left to do. */
    async function upgraded(slaves: number) {
      const { world, controller } = await settled(slaves);
      world.spec = slavesWanted(slaves);
      await controller.settle();
      world.image = "image2";
      const said: string[] = [];
      const ready: number[] = [];
      const running: number[] = [];
      const look = (): void => {
        ready.push(world.running.filter(({ seen }) => world.roleOf(seen.id) === "slave").length);
        running.push(world.running.length);
      };
      for (let i = 0; i < 40; i++) {
        world.nowMs += 2_500;
        const { acted } = await controller.cycle();
        said.push(...acted.flatMap(({ action }) => inWords(action) ?? []));
        look();
        world.workersTurn();
        look();
      }
      return { world, controller, said, ready, running };
    }

    for (const slaves of [1, 3])
      it(`replaces all ${slaves + 1} one by one, never without a slave that is ready`, async () => {
        const { world, controller, ready, running } = await upgraded(slaves);
        assertAsDesired(world, slaves);
        for (const { seen } of world.running) assert.equal(seen.specHash, "image2-limits-settings");
        assert.ok(Math.min(...ready) >= slaves, `${Math.min(...ready)} of ${slaves} slaves were ready`);
        assert.ok(Math.max(...running) <= slaves + 2, `${Math.max(...running)} workers ran at once`);
        assert.deepEqual((await controller.cycle()).acted, []);
      });

    it("takes the slaves first, and asks the master once to hand over", async () => {
      const { world } = await upgraded(2);
      const harms = world.harms.map((harm) => harm.replace(/w-\d+ ?/, ""));
      assert.deepEqual(harms, ["drain slave", "drain slave", "master steps down"]);
    });

    it("says why", async () => {
      const { said } = await upgraded(1);
      assert.match(said[0] ?? "", /^(w-\d) runs an older image -> replacing it: starting worker w-3$/);
      assert.ok(said.some((one) => /^w-\d runs an older image -> replacing it: draining slave/.test(one)));
      assert.ok(said.some((one) => /-> replacing it: asking master w-\d .* to hand over$/.test(one)));
    });

    it("goes on serving with the old ones when the new image does not work", async () => {
      const { world, controller } = await settled();
      const before = world.running.map(({ seen }) => seen.id);
      world.image = "broken";
      for (let second = 0; second < 120; second++) {
        world.nowMs += 1_000;
        await controller.cycle();
        for (const { seen } of world.running) if (/^broken/.test(seen.specHash)) world.crash(seen.id);
      }
      const still = world.running.map(({ seen }) => seen.id);
      assert.ok(before.every((id) => still.includes(id)));
      assert.deepEqual(world.harms, []);
    });
  });

  for (const point of points)
    it(`survives its own death at ${point}`, async () => {
      const { world, controller } = await settled();
      world.diesAt = point;
      world.reads = 1;
      world.commands.set("command-1", { kind: "crashMaster", madeAtMs: world.nowMs });
      await controller.settle();
      world.pids.clear();
      world.spec = slavesWanted(3);
      await controller.settle();
      world.spec = slavesWanted(1);
      world.image = "image2";
      await controller.settle();
      assert.equal(world.diesAt, null, "the controller did not come by that point");
      assertAsDesired(world, 1);
      assert.equal(world.harms.filter((harm) => harm.startsWith("kill")).length, 1);
    });

  it("settles on what is desired, whatever happens before, and harms no healthy master", async () => {
    const fault = fc.record({
      what: fc.constantFrom(
        "kill",
        "hang",
        "expire",
        "turn",
        "die",
        "restart",
        "scale",
        "unmark",
        "rm",
        "wait",
        "build",
      ),
      which: fc.nat(7),
      slaves: fc.integer({ min: 1, max: 5 }),
      point: fc.constantFrom(...points),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 25 }), fc.nat(), async (faults, seed) => {
        const world = new FakeWorld(pidsFrom(seed));
        const controller = new Controller(world);
        let slaves = 1;
        for (const { what, which, point, ...change } of faults) {
          const id = [...world.containers.keys()][which % Math.max(1, world.containers.size)] ?? "";
          const name = world.containers.get(id)?.seen.worker ?? "";
          if (what === "kill") world.kill(id);
          else if (what === "hang") world.hang(id);
          else if (what === "expire") world.expireSessions();
          else if (what === "turn") world.workersTurn();
          else if (what === "die") world.diesAt = point;
          else if (what === "restart") controller.memory = emptyMemory;
          else if (what === "unmark") world.pids.delete(name);
          else if (what === "rm") {
            world.kill(id);
            world.containers.delete(id);
          } else if (what === "wait") world.nowMs += 30_000;
          else if (what === "build") world.image = `image${which}`;
          else {
            slaves = change.slaves;
            world.spec = slavesWanted(slaves);
          }
          world.nowMs += 500;
          await controller.cycle();
        }
        world.diesAt = null;
        world.expireSessions();
        // Long enough for every patience to run out.
        for (let i = 0; i < 3; i++) {
          await controller.settle();
          world.nowMs += 400_000;
        }
        await controller.settle();
        assertAsDesired(world, slaves);
        assert.deepEqual((await controller.cycle()).acted, []);
        for (const { seen } of world.running) assert.match(seen.specHash, new RegExp(`^${world.image}-`));
        assert.ok(!world.harms.some((harm) => harm.endsWith(" master")), world.harms.join());
      }),
      { numRuns: runs(150) },
    );
  });
});
