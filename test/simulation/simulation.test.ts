// Thousands of short lives of whole clusters, each from a seed: the real programs crash, hang, are cut off, lose their sessions, their
// disks or the log between any two steps, while clients write and read. Whatever happens, what promises.ts says must hold.
//
//   SIM_SEED=712 node --test test/simulation/simulation.test.ts    one seed again, with its course
//   SIM_SEEDS=50000 SIM_SECONDS=3600 SIM_FIRST=1 node --test …       more seeds, for longer, or others
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { courseOfSeed, explore, story } from "./explore.ts";
import { runCourse } from "./run-course.ts";

const { SIM_SEED, SIM_SEEDS = "2000", SIM_FIRST = "1", SIM_SECONDS = "120" } = process.env;
/** On a machine that is busy with other things fewer must do; never fewer than this. */
const seedsLeast = 100;
/** Among fewer there may be no long run. */
const fewSeeds = 500;

describe("a simulated cluster", () => {
  it("keeps every promise, whatever strikes it", async (t) => {
    if (SIM_SEED !== undefined) {
      const course = courseOfSeed(Number(SIM_SEED));
      const { violations, trace } = await runCourse(course, { trace: true });
      t.diagnostic([JSON.stringify(course), ...trace].join("\n"));
      return assert.ok(violations.length === 0, violations.length > 0 ? await story(course) : "");
    }
    const explored = await explore(Number(SIM_FIRST), Number(SIM_SEEDS), {
      enough: (ran, tookMs) => ran >= seedsLeast && tookMs > Number(SIM_SECONDS) * 1_000,
    });
    const { seeds, acknowledged, elections, forgettings, failed } = explored;
    t.diagnostic(
      `${seeds} seeds, ${acknowledged} acknowledged requests, ${elections} elections, keys forgotten ${forgettings} times`,
    );
    if (failed !== undefined) assert.fail(await story(failed.course));
    // A world in which nothing happens keeps every promise too.
    assert.ok(acknowledged > seeds * 20, `only ${acknowledged} requests were acknowledged`);
    assert.ok(elections > seeds * 1.5, `only ${elections} elections`);
    assert.ok(forgettings > 0 || seeds < fewSeeds, "no run was long enough for keys to be forgotten");
  });

  it("is the same run again from the same seed", async () => {
    for (const seed of [4, 9, 14, 32, 89]) {
      const course = courseOfSeed(seed);
      assert.deepEqual(await runCourse(course, { trace: true }), await runCourse(course, { trace: true }));
    }
  });
});
