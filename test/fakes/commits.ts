// What the tests of commits share.
import assert from "node:assert/strict";
import type { CommitLimits, Undone, WriteResult } from "../../worker/write/commit-batch.ts";

export const unlimited: CommitLimits = { budgetMs: Number.POSITIVE_INFINITY, mayGoOn: () => true };

/** All were done. */
export const done = (outcomes: readonly (WriteResult | Undone)[]): readonly WriteResult[] =>
  outcomes.map((outcome) => (typeof outcome === "string" ? assert.fail(`a write was ${outcome}`) : outcome));

export const parsed = (outcomes: readonly (WriteResult | Undone)[]) =>
  done(outcomes).map(({ ok, body, position }) => ({ ok, position, ...JSON.parse(body) }));
