// Waits for a state of the outside world that announces itself to nobody, with a deadline; a wait that fails says what was
// seen last.
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { messageOf, TransientError } from "../../core/errors.ts";
import { sleep } from "../../platform/process/waiting.ts";

const pauseMs = 50;

export type Look<T> = { readonly found: T } | { readonly notYet: unknown };

export const found = <T>(value: T): Look<T> => ({ found: value });
export const notYet = (seen: unknown): Look<never> => ({ notYet: seen });

/** What cannot be seen for a moment has not shown the state yet; whatever else goes wrong while looking ends the wait. */
function unseen(error: unknown): Look<never> {
  if (error instanceof TransientError) return notYet(messageOf(error));
  throw error;
}

export async function until<T>(what: string, withinMs: number, look: () => Promise<Look<T>>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look().catch(unseen);
    if ("found" in seen) return seen.found;
    if (performance.now() > deadline)
      assert.fail(`not within ${withinMs} ms: ${what}; last seen: ${inspect(seen.notYet, { depth: 6 })}`);
    await sleep(pauseMs);
  }
}
