// How many random values a property is tried with. The quick check takes a share of them, other ones each time; the whole run takes all.

const { TEST_SHARE = "1" } = process.env;
const share = Number(TEST_SHARE);
/** Fewer would hardly show anything. */
const runsLeast = 20;

export const runs = (all: number): number => Math.min(all, Math.max(runsLeast, Math.round(all * share)));

/** How many of all runs must have come to something, or the test tests too little. */
export const enough = (ofAll: number): number => Math.floor(ofAll * Math.min(1, share));

/** A share of a list that the whole run goes through completely. */
export function some<T>(all: readonly T[]): readonly T[] {
  const every = Math.max(1, Math.round(1 / share));
  const first = Math.floor(Math.random() * every);
  return all.filter((_, i) => i % every === first);
}
