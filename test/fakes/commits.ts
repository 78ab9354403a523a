// What the tests of commits share.
import assert from "node:assert/strict";
import type { Ledger } from "../../worker/ports.ts";
import type { CommitInput, CommitLimits, LogPlace, Outcome, WriteResult } from "../../worker/write/draft.ts";
import type { MasterOptions } from "../../worker/write/master.ts";

export const unlimited: CommitLimits = { budgetMs: Number.POSITIVE_INFINITY, mayGoOn: () => true };

/** On one host, and with nobody who counts. */
export const nothingBeside: Pick<MasterOptions, "witnesses" | "chores" | "onAtWork" | "onServed"> = {
  witnesses: { whenWitnessed: (_place, _bytes, answer) => answer(), isFull: false },
  chores: () => [],
  onAtWork: () => undefined,
  onServed: () => undefined,
};

/** Takes a record into a log. */
export type Append = (content: Buffer) => Promise<LogPlace>;

/** One commit as a master makes it, into a log of the test's own. */
export async function committed(
  ledger: Pick<Ledger, "prepare">,
  input: CommitInput,
  append: Append,
): Promise<readonly Outcome[]> {
  const draft = await ledger.prepare(input);
  try {
    const { record } = draft;
    if (record === undefined) return await draft.commit(undefined);
    return await draft.commit(await append(record.content));
  } finally {
    await draft.rollbackUnlessCommitted();
  }
}

/** All were done. */
export const done = (outcomes: readonly Outcome[]): readonly WriteResult[] =>
  outcomes.map((outcome) => (typeof outcome === "string" ? assert.fail(`a write was ${outcome}`) : outcome));

export const parsed = (outcomes: readonly Outcome[]) =>
  done(outcomes).map(({ ok, body, position }) => ({ ok, position, ...JSON.parse(body) }));
