// Waits for a state of the real system by looking at it, where nothing announces it. Always with a deadline, and a wait
// that fails says what was seen last.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

const pauseMs = 100;

/** What a look at the system found: the awaited thing, or in words why it is not there yet. */
export type Look<T> = { readonly found: T } | { readonly notYet: unknown };

export const found = <T>(value: T): Look<T> => ({ found: value });
export const notYet = (seen: unknown): Look<never> => ({ notYet: seen });

/** An exception while looking counts as "not yet": parts of the system may be down at the time. */
export async function until<T>(what: string, withinMs: number, look: () => Promise<Look<T>>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look().catch((error: unknown) =>
      notYet(error instanceof Error ? error.message : error),
    );
    if ("found" in seen) return seen.found;
    if (performance.now() > deadline)
      assert.fail(`not within ${withinMs} ms: ${what}; last seen: ${inspect(seen.notYet, { depth: 6 })}`);
    await sleep(pauseMs);
  }
}
