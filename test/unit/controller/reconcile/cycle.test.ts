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
  const failing = { status: false };
  const world = fake.controller();
  const registry: World["registry"] = {
    ...world.registry,
    writeStatus: async ({ lastCycle }) => {
      if (failing.status) throw new Error("connection loss");
      written.push(`status ${lastCycle.id}`);
    },
    writeEvents: async () => void written.push("events"),
    writeCycle: async ({ id }) => void written.push(`cycle ${id}`),
  };
  let cycles = 0;
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
    await cycle.run();
    fake.workersTurn();
    return [...written];
  };
  return { run, failing };
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
});
