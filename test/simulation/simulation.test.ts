// Thousands of short lives of whole clusters, each from a seed: the real programs crash, hang, are cut off, lose their sessions, their
// disks or the log between any two steps, while clients write and read. Whatever happens, what promises.ts says must hold.
//
//   SIM_SEED=712 node --test test/simulation/simulation.test.ts    one seed again, with its course
//   SIM_SEEDS=50000 SIM_SECONDS=3600 SIM_FIRST=1 node --test …       more seeds, for longer, or others
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SimulationThread } from "./thread.ts";

const { SIM_SEED, SIM_SEEDS = "2000", SIM_FIRST = "1", SIM_SECONDS = "120" } = process.env;
/** On a machine that is busy with other things fewer must do; never fewer than this. */
const seedsLeast = 100;
/** Among fewer there may be no long run. */
const fewSeeds = 500;

describe("a simulated cluster", () => {
  let simulation: SimulationThread;
  before(() => {
    simulation = new SimulationThread();
  });
  after(() => simulation.end());

  it("keeps every promise, whatever strikes it", async (t) => {
    if (SIM_SEED !== undefined) {
      const { course, outcome } = await simulation.call("courseAndOutcome", Number(SIM_SEED));
      t.diagnostic([JSON.stringify(course), ...outcome.trace].join("\n"));
      return assert.ok(
        outcome.violations.length === 0,
        outcome.violations.length > 0 ? await simulation.call("story", course) : "",
      );
    }
    const { seeds, acknowledged, elections, forgettings, failed } = await simulation.call(
      "explore",
      Number(SIM_FIRST),
      Number(SIM_SEEDS),
      { enough: { seeds: seedsLeast, afterMs: Number(SIM_SECONDS) * 1_000 } },
    );
    t.diagnostic(
      `${seeds} seeds, ${acknowledged} acknowledged requests, ${elections} elections, keys forgotten ${forgettings} times`,
    );
    if (failed !== undefined) assert.fail(await simulation.call("story", failed.course));
    // A world in which nothing happens keeps every promise too.
    assert.ok(acknowledged > seeds * 20, `only ${acknowledged} requests were acknowledged`);
    assert.ok(elections > seeds * 1.5, `only ${elections} elections`);
    assert.ok(forgettings > 0 || seeds < fewSeeds, "no run was long enough for keys to be forgotten");
  });

  it("is the same run again from the same seed", async () => {
    for (const seed of [4, 9, 14, 32, 89])
      assert.deepEqual(
        await simulation.call("courseAndOutcome", seed),
        await simulation.call("courseAndOutcome", seed),
      );
  });
});
