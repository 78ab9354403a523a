// The roles' `Ledger` on a real copy.
import type { Ledger } from "../ports.ts";
import { findKeys } from "../replica/keys.ts";
import type { Store } from "../replica/store.ts";
import { type CommitLimits, commitBatch } from "./commit-batch.ts";

export const ledgerOf = (store: Store, limits: () => CommitLimits): Ledger => ({
  get applied() {
    return store.applied;
  },
  get schema() {
    return store.schema;
  },
  apply: (entries) => store.apply(entries),
  commit: (input, append) => commitBatch(store, input, limits(), append),
  knows: async (keys) => (await findKeys(store.writer, keys)).size === new Set(keys).size,
  syncEveryCommit: (on) => store.syncEveryCommit(on),
});
