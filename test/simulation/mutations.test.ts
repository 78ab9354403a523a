// A net is judged by what it catches: each of these is the product with one mistake in it, and the simulation must notice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Planted, withEdits } from "./mutants.ts";
import { planted } from "./planted.ts";

const seedsMax = 1_000;
const simulation = new URL("./explore.ts", import.meta.url).href;

type Simulation = typeof import("./explore.ts");

/** The simulation of a product that has the mistake, and where it has found it. */
async function caught({ name, edits, scale = [], seed, overHosts = false }: Planted) {
  const mistaken = await withEdits<Simulation>(name, [...scale, ...edits], simulation);
  const courseOf = overHosts ? mistaken.courseOfSeed : mistaken.plainCourseOfSeed;
  const { failed, seeds } = await mistaken.explore(seed, seedsMax, { courseOf });
  assert.ok(failed, `${seeds} seeds found nothing`);
  return { ...failed, mistaken };
}

/** The simulation of the product as it is. */
const rightOf = ({ name, scale = [] }: Planted): Promise<Simulation> =>
  scale.length === 0 ? import("./explore.ts") : withEdits<Simulation>(`${name}-right`, scale, simulation);

describe("the simulation notices", () => {
  for (const one of planted)
    it(one.title, async () => {
      const { course } = await caught(one);
      const { violations } = await (await rightOf(one)).runCourse(course);
      assert.deepEqual(violations, [], "the same seed must pass with the safeguard in place");
    });
});

describe("a failing course", () => {
  it("is made smaller to what the failure needs", async () => {
    const keys = planted.find(({ name }) => name === "without-keys");
    assert.ok(keys);
    const { course, mistaken } = await caught(keys);
    const told = await mistaken.story(course);
    const [, faults = "", operations = ""] = /smaller to (\d+) faults and (\d+) operations/.exec(told) ?? [];
    assert.ok(Number(faults) <= 2, told);
    assert.ok(Number(operations) < course.operations.length, told);
    assert.ok(told.includes(`SIM_SEED=${course.seed}`));
  });
});
