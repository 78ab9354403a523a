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

export interface SearchOptions {
  readonly variant?: Variant;
  /** Ends the search before the last seed. */
  readonly enough?: (ran: number, tookMs: number) => boolean;
}

export async function search(
  first: number,
  count: number,
  { variant = asBuilt, enough = () => false }: SearchOptions = {},
): Promise<Searched> {
  const startedAtMs = performance.now();
  let acknowledged = 0;
  let elections = 0;
  let seeds = 0;
  while (seeds < count && !enough(seeds, performance.now() - startedAtMs)) {
    const seed = first + seeds;
    seeds += 1;
    const plan = planOfSeed(seed);
    const outcome = await run(plan, { variant });
    acknowledged += outcome.acknowledged;
    elections += outcome.elections;
    if (outcome.violations.length > 0) return { seeds, acknowledged, elections, failed: { plan, outcome } };
  }
  return { seeds, acknowledged, elections };
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
