import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { uidFromLabels } from "../../../../controller/engines/ownership.ts";
import { acceptance, dataFinding } from "../../../../controller/reconcile/data-complete.ts";
import { fullest, holdsAll, nowhere } from "../../../../core/log/place.ts";
import { Controller, pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";
import { onlyHost, spec } from "../makers.ts";

const rules = { paused: false, readyWithinMs: 60_000 };
const slavesWanted = (slaves: number) => spec({ scaling: { ...spec().scaling, baseline: slaves } });

async function settled(slaves = 1): Promise<{ world: FakeWorld; controller: Controller }> {
  const world = new FakeWorld(pidsFrom(1));
  world.spec = slavesWanted(slaves);
  const controller = new Controller(world);
  await controller.settle();
  return { world, controller };
}

const namesIn = (world: FakeWorld): readonly string[] => world.running.map(({ seen }) => seen.worker).sort();

async function crashMaster(world: FakeWorld, controller: Controller): Promise<void> {
  const leads = world.running.find(({ seen }) => seen.shortId === world.master?.container);
  world.kill(leads?.seen.id ?? "");
  await controller.settle();
}

/** Five workers, two crashes of masters, and back to two: the names that run are not the lowest any more. */
async function drifted(): Promise<{ world: FakeWorld; controller: Controller }> {
  const { world, controller } = await settled(4);
  for (let i = 0; i < 2; i++) await crashMaster(world, controller);
  world.spec = slavesWanted(1);
  await controller.settle();
  for (let i = 0; i < 3; i++) world.write();
  return { world, controller };
}

/** The names that run must not happen to be those that a choice by number would take. */
const assertDrifted = (world: FakeWorld): void => assert.notDeepEqual(namesIn(world), ["w-1", "w-2"]);

const assertServesAll = (world: FakeWorld, slaves = 1): void => {
  assert.deepEqual(world.copies.lost, []);
  assert.equal(world.running.length, slaves + 1);
  assert.ok(holdsAll(world.copies.place(world.master?.name ?? ""), world.copies.acknowledged));
};

describe("the copies after a full stop", () => {
  for (const [what, trim] of [
    ["", false],
    [" and the log does not reach back to the older copies", true],
  ] as const) {
    it(`are the ones that ran last, when names have drifted and all die at once${what}`, async () => {
      const { world, controller } = await drifted();
      assertDrifted(world);
      const ran = namesIn(world);
      if (trim) world.copies.trimmedBelow = world.copies.acknowledged.position;
      for (const { seen } of world.running) world.kill(seen.id);
      world.expireSessions();
      await controller.settle();
      assertServesAll(world);
      assert.deepEqual(namesIn(world), ran);
    });

    it(`are the ones that ran last, when only volumes are left${what}`, async () => {
      const { world, controller } = await drifted();
      assertDrifted(world);
      const ran = namesIn(world);
      if (trim) world.copies.trimmedBelow = world.copies.acknowledged.position;
      world.down();
      await controller.settle();
      assertServesAll(world);
      assert.deepEqual(namesIn(world), ran);
    });
  }

  it("are found when ZooKeeper's data is lost as well: every volume is opened, and the fullest leads", async () => {
    const { world, controller } = await drifted();
    world.down();
    world.emptyZooKeeper();
    await controller.settle();
    assertServesAll(world);
    assert.equal(world.copies.volumes.size, 5);
  });

  it("are mounted also when the broker forgot and the last master's copy is not among those that run", async () => {
    const { world, controller } = await drifted();
    const last = world.master?.name ?? "";
    // Another worker runs in its place, on a copy of before.
    for (const { seen } of world.running) world.kill(seen.id);
    world.expireSessions();
    world.restartBroker();
    const real = world.controller();
    const old = [...world.copies.volumes.keys()].filter((name) => name !== last).slice(0, 2);
    for (const name of old) {
      const id = await real.engine.create(real.containerFor(world.spec, name, onlyHost.name, world.image));
      await real.engine.start(id);
    }
    await controller.settle();
    assertServesAll(world);
  });

  it("wait for the last master's when it does not start, and none is made anew beside it", async () => {
    const { world, controller } = await drifted();
    const last = world.master?.name ?? "";
    const volumes = world.copies.volumes.size;
    world.down();
    for (let second = 0; second < 90; second++) {
      world.nowMs += 1_000;
      await controller.cycle();
      for (const { seen } of world.running) if (seen.worker === last) world.crash(seen.id);
      world.workersTurn();
    }
    assert.equal(world.master, null);
    assert.equal(world.copies.volumes.size, volumes);
    await controller.settle();
    assertServesAll(world);
  });

  /** The last master's volume is gone after a full stop. */
  async function withoutLastMaster() {
    const { world, controller } = await drifted();
    const last = world.master?.name ?? "";
    world.down();
    world.copies.volumes.delete(last);
    for (let second = 0; second < 60; second++) {
      world.nowMs += 1_000;
      await controller.cycle();
      world.workersTurn();
    }
    return { world, controller, last };
  }

  it("do not go on without a volume that is gone, and its name is not given to an empty one", async () => {
    const { world, last } = await withoutLastMaster();
    assert.equal(world.master, null);
    assert.equal(world.copies.volumes.has(last), false);
    assert.deepEqual(world.copies.lost, []);
  });

  it("say what is missing, what each holds, and the command", async () => {
    const { world, controller, last } = await withoutLastMaster();
    const finding = dataFinding((await controller.cycle()).observed, controller.memory, rules);
    assert.equal(finding.kind === "missing" && finding.reason, "VolumeGone");
    const message = finding.kind === "missing" ? finding.message : "";
    const { epoch, position } = world.copies.acknowledged;
    assert.match(
      message,
      new RegExp(
        `^${last}, whose copy holds every acknowledged write \\(at least epoch ${epoch}, position ${position}\\), has lost its volume\\. Open are: w-`,
      ),
    );
    assert.match(message, /\. Bring it back, or .* \.\/dbaas accept-loss$/);
  });

  for (const point of [null, "after-choose", "after-accept"])
    it(`go on from the fullest when the loss is accepted${point === null ? "" : `, also when the controller dies ${point}`}`, async () => {
      const { world, controller } = await withoutLastMaster();
      world.commands.set("command-1", { kind: "acceptLoss", madeAtMs: world.nowMs });
      world.diesAt = point;
      await controller.settle();
      assert.notEqual(world.master, null);
      assert.equal(world.running.length, 2);
      assert.equal(world.commands.get("command-1")?.outcome?.ok, true);
    });

  it("refuse a loss while none is missing, and one that leaves a fuller open copy behind", async () => {
    const { world, controller } = await drifted();
    const ask = async (copy?: string): Promise<string> => {
      world.commands.set("command-1", {
        kind: "acceptLoss",
        madeAtMs: world.nowMs,
        ...(copy === undefined ? {} : { copy }),
      });
      await controller.cycle();
      const outcome = world.commands.get("command-1")?.outcome;
      return outcome?.ok === false ? outcome.reason : "accepted";
    };
    assert.match(await ask(), /^no copy is missing: a master leads/);
    const missing = await withoutLastMaster();
    const open = missing.world.running.map(({ seen }) => seen.worker);
    const places = open.map((name) => missing.world.copies.place(name));
    const poorer = open.find((name) => !holdsAll(missing.world.copies.place(name), fullest(places)));
    const observed = (await missing.controller.cycle()).observed;
    const finding = dataFinding(observed, missing.controller.memory, rules);
    const said = (name: string | undefined): string => {
      const accepted = acceptance(observed, finding, name);
      return "refused" in accepted ? accepted.refused : `${accepted.copy.worker} goes on`;
    };
    assert.match(said("w-99"), /^the copy of w-99 is not open$/);
    if (poorer !== undefined) assert.match(said(poorer), /is open and holds more/);
    assert.match(said(undefined), /goes on$/);
  });
});

describe("the copies when ZooKeeper's data is lost while the workers run", () => {
  it("stay with their workers, and no second set is started", async () => {
    const { world, controller } = await settled(2);
    world.write();
    const before = world.running.map(({ seen }) => seen.id).sort();
    world.emptyZooKeeper();
    await controller.settle();
    assertServesAll(world, 2);
    assert.deepEqual(world.running.map(({ seen }) => seen.id).sort(), before);
  });

  it("are listed before the workers may count them, and before the manifest is published", async () => {
    const { world, controller } = await drifted();
    world.emptyZooKeeper();
    const { acted } = await controller.cycle();
    const kinds = acted.map(({ action }) => action.kind);
    assert.deepEqual(kinds.slice(0, 6), [...Array.from({ length: 5 }, () => "listCopy"), "publishSpec"]);
    assert.deepEqual([...world.copies.entries.keys()].sort(), [...world.copies.volumes.keys()].sort());
  });

  it("are counted before a manifest is published when listing them fails", async () => {
    const { world, controller } = await drifted();
    world.emptyZooKeeper();
    world.diesAt = "before-listCopy";
    await controller.cycle();
    assert.equal(world.specNode, null);
    await controller.settle();
    assertServesAll(world);
  });
});

describe("a fresh volume", () => {
  it("is known to hold nothing before its worker starts", async () => {
    const world = new FakeWorld(pidsFrom(1));
    const controller = new Controller(world);
    world.diesAt = "after-create";
    await controller.cycle();
    assert.deepEqual(world.copies.entries.get("w-1")?.holds, nowhere);
    assert.equal(world.running.length, 0);
  });

  it("is never begun without a master while a fuller one is not mounted, whatever happened before", async () => {
    const fault = fc.record({
      what: fc.constantFrom("kill", "write", "down", "empty", "broker", "scale", "turn", "die", "expire"),
      which: fc.nat(7),
      slaves: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 30 }), fc.nat(), async (faults, seed) => {
        const world = new FakeWorld(pidsFrom(seed));
        const controller = new Controller(world);
        await controller.settle();
        let slaves = 1;
        for (const { what, which, ...change } of faults) {
          const id = [...world.containers.keys()][which % Math.max(1, world.containers.size)] ?? "";
          if (what === "kill") world.kill(id);
          else if (what === "write") world.write();
          else if (what === "down") world.down();
          else if (what === "empty") world.emptyZooKeeper();
          else if (what === "broker") world.restartBroker();
          else if (what === "turn") world.workersTurn();
          else if (what === "die") world.diesAt = "after-claim";
          else if (what === "expire") world.expireSessions();
          else {
            slaves = change.slaves;
            world.spec = slavesWanted(slaves);
          }
          world.nowMs += 500;
          const known = new Set(world.copies.volumes.keys());
          const led = world.master !== null;
          await controller.cycle();
          const fresh = [...world.copies.volumes.keys()].filter((name) => !known.has(name));
          if (fresh.length === 0 || led || world.died) continue;
          const mounted = fullest(namesIn(world).map((name) => world.copies.place(name)));
          for (const name of known)
            assert.ok(holdsAll(mounted, world.copies.place(name)), `${fresh} began while ${name} holds more`);
        }
        world.diesAt = null;
        world.expireSessions();
        await controller.settle();
        world.nowMs += 400_000;
        await controller.settle();
        assertServesAll(world, slaves);
        assert.deepEqual((await controller.cycle()).acted, []);
      }),
      { numRuns: 150 },
    );
  });
});

describe("uidFromLabels", () => {
  const labelled = (name: string, uid: string, worker = name.replace("c-", ""), cluster = "c") => ({
    name,
    labels: { "dbaas.cluster": cluster, "dbaas.uid": uid, "dbaas.worker": worker },
  });

  it("is none when nothing bears the cluster's labels", () => {
    assert.equal(uidFromLabels("c", [], []), null);
    const others = [
      labelled("c-data", "a", "data"),
      labelled("d-w-1", "a", "w-1", "d"),
      labelled("c-w-9", "a", "w-1"),
    ];
    assert.equal(uidFromLabels("c", others, others), null);
    assert.equal(uidFromLabels("c", [{ name: "c-w-1", labels: {} }], []), null);
  });

  it("is the one of the volumes, whatever a container bears", () => {
    assert.equal(uidFromLabels("c", [labelled("c-w-1", "a"), labelled("c-w-7", "a")], []), "a");
    assert.equal(uidFromLabels("c", [labelled("c-w-1", "a")], [labelled("c-w-2", "b")]), "a");
  });

  it("is the one of the containers when there is no volume", () =>
    assert.equal(uidFromLabels("c", [], [labelled("c-w-2", "b")]), "b"));

  it("is not chosen among several, which are named", () =>
    assert.throws(
      () => uidFromLabels("c", [labelled("c-w-1", "a"), labelled("c-w-3", "b"), labelled("c-w-2", "a")], []),
      /several: c-w-1, c-w-2 of uid a; c-w-3 of uid b\. Remove/,
    ));
});
