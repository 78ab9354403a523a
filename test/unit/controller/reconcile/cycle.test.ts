import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cycle } from "../../../../controller/reconcile/cycle.ts";
import type { World } from "../../../../controller/reconcile/reconcile.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { pidsFrom } from "../fake-controller.ts";
import { FakeWorld } from "../fake-world.ts";

/** Cycles of a controller over a world in memory, and what they wrote, in this order. */
function controller() {
  const fake = new FakeWorld(pidsFrom(1));
  const written: string[] = [];
  const failing = { status: false, cycle: false };
  const world = fake.controller();
  const registry: World["registry"] = {
    ...world.registry,
    writeStatus: async ({ lastCycle }) => {
      if (failing.status) throw new Error("connection loss");
      written.push(`status ${lastCycle.id}`);
    },
    writeEvents: async () => void written.push("events"),
    writeCycle: async ({ id }) => {
      if (failing.cycle) throw new Error("connection loss");
      written.push(`cycle ${id}`);
    },
  };
  let cycles = 0;
  const due = { inMs: 0 };
  const cycle = new Cycle({
    cluster: "test",
    world: { ...world, registry },
    clock: {
      now: () => fake.nowMs,
      wallMs: () => fake.nowMs,
      monotonicMs: () => fake.nowMs,
      sleep: async () => undefined,
      after: () => () => undefined,
    },
    newId: () => `000${++cycles}`,
    manifest: () => ({ spec: fake.spec, problem: null, waiting: null }),
    log: createLog({ program: "controller", format: "json", level: "silent" }),
  });
  const run = async (): Promise<readonly string[]> => {
    written.length = 0;
    fake.nowMs += 2_500;
    due.inMs = await cycle.run();
    fake.workersTurn();
    return [...written];
  };
  return { run, failing, due };
}

describe("a cycle", () => {
  it("says that it is over after all that it has to tell", async () => {
    const { run } = controller();
    assert.deepEqual(await run(), ["status 0001", "events", "cycle 0001"]);
  });

  it("says so also when it saw nothing new, and writes nothing else then", async () => {
    const { run } = controller();
    let written = await run();
    for (let i = 0; i < 10 && written.length > 1; i++) written = await run();
    const [first] = written;
    const [second, ...others] = await run();
    assert.match(first ?? "", /^cycle /);
    assert.match(second ?? "", /^cycle /);
    assert.notEqual(first, second);
    assert.deepEqual(others, []);
  });

  it("does not say so when it could not tell what it saw", async () => {
    const { run, failing } = controller();
    failing.status = true;
    assert.deepEqual(await run(), []);
  });

  it("has not failed when that alone could not be said", async () => {
    const { run, failing, due } = controller();
    failing.cycle = true;
    assert.deepEqual(await run(), ["status 0001", "events"]);
    for (let i = 0; i < 5; i++) await run();
    assert.equal(due.inMs, 1_000);
  });

  it("is followed by another within 10 s, however many have failed", async () => {
    const { run, failing, due } = controller();
    failing.status = true;
    for (let i = 0; i < 20; i++) await run();
    assert.equal(due.inMs, 10_000);
  });
});
