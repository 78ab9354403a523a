// PURE but for its own state. Chance that can be had again: the same seed gives the same numbers.

export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<T>(from: readonly T[]): T;
  shuffled<T>(all: readonly T[]): readonly T[];
  chance(probability: number): boolean;
}

/** Mulberry32: small, quick, and even enough to choose faults with. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(from: readonly T[]): T => {
    if (from.length === 0) throw new Error("nothing to pick from");
    return from[between(0, from.length - 1)] as T;
  };
  const shuffled = <T>(all: readonly T[]): readonly T[] => {
    const left = [...all];
    const out: T[] = [];
    while (left.length > 0) out.push(...left.splice(between(0, left.length - 1), 1));
    return out;
  };
  return { next, between, pick, shuffled, chance: (probability) => next() < probability };
}

/** A seed of its own for each part of a run, so that one part's use of chance does not shift another's. */
export function seedFor(seed: number, part: string): number {
  let hash = seed >>> 0;
  for (const char of part) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}
