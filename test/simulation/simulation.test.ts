// Thousands of short lives of whole clusters, each from a seed: workers that crash, hang, are cut off, lose their sessions
// or their disks between any two steps, while clients write and read. Whatever happens, what check.ts says must hold.
//
//   SIM_SEED=712 node --test test/simulation/simulation.test.ts    one seed again, with its course
//   SIM_SEEDS=50000 SIM_SECONDS=3600 SIM_FIRST=1 node --test …       more seeds, for longer, or others
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "./run.ts";
import { planOfSeed, search, story } from "./search.ts";

const { SIM_SEED, SIM_SEEDS = "3000", SIM_FIRST = "1", SIM_SECONDS = "60" } = process.env;
/** On a machine that is busy with other things fewer must do; never fewer than this. */
const seedsLeast = 2_000;

describe("a simulated cluster", () => {
  it("keeps every promise, whatever strikes it", async (t) => {
    if (SIM_SEED !== undefined) {
      const plan = planOfSeed(Number(SIM_SEED));
      const { violations, trace } = await run(plan, { trace: true });
      t.diagnostic([JSON.stringify(plan), ...trace].join("\n"));
      return assert.ok(violations.length === 0, violations.length > 0 ? await story(plan) : "");
    }
    const { seeds, acknowledged, elections, failed } = await search(Number(SIM_FIRST), Number(SIM_SEEDS), {
      enough: (ran, tookMs) => ran >= seedsLeast && tookMs > Number(SIM_SECONDS) * 1_000,
    });
    t.diagnostic(`${seeds} seeds, ${acknowledged} acknowledged requests, ${elections} elections`);
    if (failed !== undefined) assert.fail(await story(failed.plan));
    // A world in which nothing happens keeps every promise too.
    assert.ok(acknowledged > seeds * 20, `only ${acknowledged} requests were acknowledged`);
    assert.ok(elections > seeds * 2, `only ${elections} elections`);
  });

  it("is the same run again from the same seed", async () => {
    for (const seed of [7, 8, 9]) {
      const [one, other] = [
        await run(planOfSeed(seed), { trace: true }),
        await run(planOfSeed(seed), { trace: true }),
      ];
      assert.deepEqual(one, other);
    }
  });
});
