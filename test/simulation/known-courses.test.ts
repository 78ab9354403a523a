// Courses that have shown a defect of the product once. What a seed makes changes with the simulation; these stay.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Course } from "./course.ts";
import { type Outcome, runCourse } from "./run-course.ts";

async function comesRight(course: Course): Promise<Outcome> {
  const outcome = await runCourse(course, { trace: true });
  assert.deepEqual(outcome.violations, [], outcome.trace.join("\n"));
  return outcome;
}

describe("a simulated cluster comes right", () => {
  it("when the log is made anew while copies wait for a master to show what it holds", async () => {
    await comesRight({
      seed: 3_022,
      slaves: 1,
      operations: [
        { client: 0, atMs: 3_275.427183136344, asks: [{ kind: "count" }], ownKey: false },
        { client: 0, atMs: 10_571.814462542534, asks: [{ kind: "add" }], ownKey: false },
      ],
      faults: [
        { target: "controller", atMs: 7_869.981490075588, strike: { kind: "deleteLog" }, step: 25 },
        { target: "master", atMs: 3_072.401948273182, strike: { kind: "deleteLog" }, step: 9 },
      ],
    });
  });

  it("when the power is cut under a new master that has not committed anything yet", async () => {
    await comesRight({
      seed: 10_346,
      slaves: 1,
      operations: [
        {
          client: 1,
          atMs: 6_152.005351078697,
          asks: [{ kind: "set", id: "s2" }, { kind: "add" }],
          ownKey: false,
        },
      ],
      faults: [
        {
          target: "master",
          atMs: 6_242.735372856259,
          strike: { kind: "powerCut", ms: 3_075.8187854662538, lost: 3 },
        },
        { target: "master", atMs: 6_116.069996729493, strike: { kind: "expireSession" }, step: 17 },
      ],
    });
  });

  it("when the last master's volume is emptied and the power is cut: what only it held is missed, and not lost without a word", async () => {
    const { lossAccepted, acknowledged } = await comesRight({
      seed: 54,
      slaves: 1,
      operations: [
        { client: 2, atMs: 4_580.121399834752, asks: [{ kind: "add" }], ownKey: true },
        { client: 0, atMs: 4_585.194995626807, asks: [{ kind: "add" }], ownKey: true },
      ],
      faults: [
        { target: "master", atMs: 4_605.275956261903, strike: { kind: "loseVolume" } },
        {
          target: 0,
          atMs: 4_629.888899438083,
          strike: { kind: "powerCut", ms: 1_719.1874501295388, lost: 2 },
        },
      ],
    });
    assert.equal(lossAccepted, true);
    assert.ok(acknowledged > 0);
  });

  it("when the broker stops, so that the master says its last word, and its file is damaged then: nothing is missed", async () => {
    const { lossAccepted, acknowledged } = await comesRight({
      seed: 7,
      slaves: 1,
      operations: [
        { client: 0, atMs: 4_500, asks: [{ kind: "add" }], ownKey: true },
        { client: 1, atMs: 4_800, asks: [{ kind: "add" }], ownKey: true },
      ],
      faults: [
        { target: 0, atMs: 5_000, strike: { kind: "brokerDown", ms: 4_000 } },
        { target: 0, atMs: 7_000, strike: { kind: "damageVolume" } },
      ],
    });
    assert.equal(lossAccepted, false);
    assert.ok(acknowledged > 0);
  });
});
