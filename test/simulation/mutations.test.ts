// A net is judged by what it catches: each of these takes one safeguard away, and the simulation must notice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "./run.ts";
import { search } from "./search.ts";
import { shrink } from "./shrink.ts";
import {
  blamingTheLost,
  forgettingRefusals,
  losingWhatFollows,
  type Variant,
  withoutDrain,
  withoutEpochCheck,
  withoutKeys,
  withoutReadBack,
} from "./variants.ts";

const seedsMax = 4_000;

/** @param known a seed that has shown it before: it is only where the search begins, plans change with the simulation */
async function caught(variant: Variant, known: number): Promise<readonly string[]> {
  const { failed, seeds } = await search(known, seedsMax, { variant });
  assert.ok(failed, `${seeds} seeds found nothing`);
  const { violations } = await run(failed.plan);
  assert.deepEqual(violations, [], "the same seed must pass with the safeguard in place");
  return failed.outcome.violations;
}

describe("the simulation notices a worker", () => {
  it("whose copy does not look at the epoch", async () => {
    await caught(withoutEpochCheck, 237);
  });
  it("that commits before its record has come back from the log", async () => {
    await caught(withoutReadBack, 5);
  });
  it("that takes writes before it has read the log to its own marker", async () => {
    await caught(withoutDrain, 24);
  });
  it("that loses what it read behind its own record", async () => {
    await caught(losingWhatFollows, 389);
  });
  it("that does not know what it has done under a key", async () => {
    await caught(withoutKeys, 1);
  });
  it("that holds it against a request when a connection is lost", async () => {
    const violations = await caught(blamingTheLost, 1);
    assert.ok(violations.some((violation) => violation.endsWith("was refused as poisoned")));
  });
  it("that forgets what it has refused", async () => {
    const violations = await caught(forgettingRefusals, 5);
    assert.ok(violations.some((violation) => violation.startsWith("refused")));
  });
});

describe("a failing plan", () => {
  it("is made smaller to what the failure needs", async () => {
    const { failed } = await search(5, seedsMax, { variant: withoutReadBack });
    assert.ok(failed);
    const fails = async (plan: typeof failed.plan) =>
      (await run(plan, { variant: withoutReadBack })).violations.length > 0;
    const smallest = await shrink(failed.plan, fails);
    assert.ok(await fails(smallest));
    assert.ok(smallest.faults.length <= 2, `${smallest.faults.length} faults`);
    assert.ok(smallest.operations.length < failed.plan.operations.length);
  });
});
