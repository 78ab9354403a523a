// Runs seed after seed until one fails, and tells what a person needs to look into it.
import { VirtualWorld } from "../fakes/virtual-world.ts";
import { type Plan, planOf } from "./plan.ts";
import { type Outcome, run } from "./run.ts";
import { shrink } from "./shrink.ts";
import { asBuilt, type Variant } from "./variants.ts";

export const planOfSeed = (seed: number): Plan => planOf(seed, new VirtualWorld(seed));

export interface Searched {
  readonly seeds: number;
  readonly acknowledged: number;
  readonly elections: number;
  readonly failed?: { readonly plan: Plan; readonly outcome: Outcome };
}

export async function search(first: number, count: number, variant: Variant = asBuilt): Promise<Searched> {
  let acknowledged = 0;
  let elections = 0;
  for (let seed = first; seed < first + count; seed++) {
    const plan = planOfSeed(seed);
    const outcome = await run(plan, { variant });
    acknowledged += outcome.acknowledged;
    elections += outcome.elections;
    if (outcome.violations.length > 0)
      return { seeds: seed - first + 1, acknowledged, elections, failed: { plan, outcome } };
  }
  return { seeds: count, acknowledged, elections };
}

const lengthMax = 300;
const cut = (text: string) => (text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text);

/** The failure of a plan in words: what was violated, the smallest plan that still shows it, and its course. */
export async function story(plan: Plan, variant: Variant = asBuilt): Promise<string> {
  const smallest = await shrink(plan, async (fewer) => (await run(fewer, { variant })).violations.length > 0);
  const { violations, trace } = await run(smallest, { variant, trace: true });
  return [
    `seed ${plan.seed} (again with SIM_SEED=${plan.seed}), made smaller to ${smallest.faults.length} faults and ` +
      `${smallest.operations.length} operations:`,
    ...violations.map((violation) => `  ${cut(violation)}`),
    `plan: ${JSON.stringify(smallest)}`,
    ...trace,
  ].join("\n");
}
