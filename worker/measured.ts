// A ledger and a reader of requests that are measured from outside, once for each batch: the roles know nothing of it.

import type { Measures } from "./measures.ts";
import type { Ledger } from "./ports.ts";
import type { AnswerReads } from "./read/slave.ts";

export const measuredLedger = (ledger: Ledger, measures: Measures): Ledger => ({
  get applied() {
    return ledger.applied;
  },
  get schema() {
    return ledger.schema;
  },
  known: (keys) => ledger.known(keys),
  newestKeyMs: () => ledger.newestKeyMs(),
  syncEveryCommit: (on) => ledger.syncEveryCommit(on),
  async apply(entries) {
    await ledger.apply(entries);
    const last = entries.at(-1);
    if (last === undefined) return;
    measures.recordsApplied += entries.length;
    measures.applyDelayMs = Math.max(0, Date.now() - last.record.atMs);
  },
  async commit(input, append) {
    const startedAtMs = performance.now();
    const results = await ledger.commit(input, append);
    measures.commitTimes.observe(performance.now() - startedAtMs);
    if (input.writes.length > 0) measures.commitSizes.observe(input.writes.length);
    return results;
  },
});

export const measuredReads =
  (answer: AnswerReads, measures: Measures): AnswerReads =>
  async (batch, reply) => {
    const startedAtMs = performance.now();
    await answer(batch, reply);
    measures.readTimes.observe(performance.now() - startedAtMs);
  };
