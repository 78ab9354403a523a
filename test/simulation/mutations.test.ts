// A net is judged by what it catches: each of these is the product with one mistake in it, and the simulation must notice.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Planted } from "./mutants.ts";
import { planted } from "./planted.ts";
import { type Mutant, SimulationThread } from "./thread.ts";

const seedsMax = 1_000;

/** Where the simulation of a product that has the mistake has found it. */
async function caught(mistaken: SimulationThread, { seed, courses: kind = "onOneHost" }: Planted) {
  const { failed, seeds } = await mistaken.call("explore", seed, seedsMax, { kind });
  assert.ok(failed, `${seeds} seeds found nothing`);
  return failed;
}

/** The product as it is, with the smaller numbers of this mistake. */
const scaled = ({ name, scale = [] }: Planted): Mutant => ({ name: `${name}-right`, edits: scale });

describe("the simulation notices", () => {
  let safeguarded: SimulationThread;
  before(() => {
    safeguarded = new SimulationThread();
  });
  after(() => safeguarded.end());

  for (const one of planted)
    it(one.title, async (t) => {
      const mistaken = new SimulationThread({ name: one.name, edits: [...(one.scale ?? []), ...one.edits] });
      t.after(() => mistaken.end());
      const { course } = await caught(mistaken, one);
      const right = one.scale === undefined ? safeguarded : new SimulationThread(scaled(one));
      if (right !== safeguarded) t.after(() => right.end());
      const violations = await right.call("violationsIn", course);
      assert.deepEqual(violations, [], "the same seed must pass with the safeguard in place");
    });
});

describe("a failing course", () => {
  it("is made smaller to what the failure needs", async (t) => {
    const keys = planted.find(({ name }) => name === "without-keys");
    assert.ok(keys);
    const mistaken = new SimulationThread(keys);
    t.after(() => mistaken.end());
    const { course } = await caught(mistaken, keys);
    const told = await mistaken.call("story", course);
    const [, faults = "", operations = ""] = /smaller to (\d+) faults and (\d+) operations/.exec(told) ?? [];
    assert.ok(Number(faults) <= 2, told);
    assert.ok(Number(operations) < course.operations.length, told);
    assert.ok(told.includes(`SIM_SEED=${course.seed}`));
  });
});
