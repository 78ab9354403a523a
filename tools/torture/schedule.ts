// PURE. Seed -> which fault, after how much calm, for how long, in which order: the whole plan of a run, printed before it
// begins. Rounds in which every fault comes once, and between any two of them mostly the death of the master, because that
// is what everything else must not make worse.
import { type Random, randomOf, seedFor } from "./random.ts";

export interface Plannable {
  readonly name: string;
  readonly holdMs: readonly [min: number, max: number];
}

export interface Step {
  /** From 1: in each one every fault comes once. */
  readonly round: number;
  /** From 1. */
  readonly number: number;
  readonly fault: string;
  /** Undisturbed load before it. */
  readonly calmMs: number;
  /** How long it lasts, for a fault that lasts. */
  readonly holdMs: number;
  /** For the choices within the fault: which slave, which moment. */
  readonly seed: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly faults: readonly Plannable[];
  /** Names of those that come between the others, and how likely one comes. */
  readonly between: readonly string[];
  readonly betweenChance: number;
}

const calmMs = { min: 500, max: 2_500 } as const;

/** Never ends: the run takes as many steps as it has time for. */
export function* schedule({ seed, faults, between, betweenChance }: ScheduleOptions): Generator<Step> {
  const inserted = faults.filter(({ name }) => between.includes(name));
  let number = 0;
  for (let round = 1; ; round += 1) {
    // Each question has a stream of its own, so that a fault more changes nothing of what is planned for the others.
    const chanceOf = (...of: readonly string[]): Random =>
      randomOf(seedFor(seed, ["schedule", round, ...of].join(" ")));
    const step = ({ name, holdMs: [min, max] }: Plannable, random: Random): Step => {
      number += 1;
      return {
        round,
        number,
        fault: name,
        calmMs: random.between(calmMs.min, calmMs.max),
        holdMs: random.between(min, max),
        seed: random.between(0, 2 ** 31),
      };
    };
    for (const fault of inOrderOf(faults, (name) => chanceOf("order", name))) {
      const { name } = fault;
      const [other] = inOrderOf(inserted, (one) => chanceOf("between", name, one));
      if (other !== undefined && chanceOf("whether", name).chance(betweenChance))
        yield step(other, chanceOf("before", name));
      yield step(fault, chanceOf("itself", name));
    }
  }
}

/** By a number drawn for each: two of them stand in the same order whatever others there are. */
function inOrderOf(faults: readonly Plannable[], chanceOf: (name: string) => Random): readonly Plannable[] {
  const drawn = faults.map((fault) => ({ fault, at: chanceOf(fault.name).next() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ fault }) => fault);
}

export const describeStep = ({ number, fault, calmMs: calm, holdMs }: Step): string =>
  `${String(number).padStart(4)}. after ${(calm / 1000).toFixed(1)} s calm: ${fault}${holdMs > 0 ? ` for ${(holdMs / 1000).toFixed(1)} s` : ""}`;
