// PURE. Seed -> which fault, after how much calm, for how long, in which order: the whole plan of a run, printed before it
// begins. Rounds in which every fault comes once, and between any two of them mostly the death of the master, because that
// is what everything else must not make worse.
import { randomOf, seedFor } from "./random.ts";

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
  const random = randomOf(seedFor(seed, "schedule"));
  const inserted = faults.filter(({ name }) => between.includes(name));
  let number = 0;
  let round = 0;
  const step = ({ name, holdMs: [min, max] }: Plannable): Step => {
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
  for (;;) {
    round += 1;
    for (const fault of random.shuffled(faults)) {
      if (inserted.length > 0 && random.chance(betweenChance)) yield step(random.pick(inserted));
      yield step(fault);
    }
  }
}

export const describeStep = ({ number, fault, calmMs: calm, holdMs }: Step): string =>
  `${String(number).padStart(4)}. after ${(calm / 1000).toFixed(1)} s calm: ${fault}${holdMs > 0 ? ` for ${(holdMs / 1000).toFixed(1)} s` : ""}`;
