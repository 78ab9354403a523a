// The roles' `Ledger` on a real copy.

import { lookUp, newestKeyMs } from "../copy/keys.ts";
import type { Store } from "../copy/store.ts";
import type { Ledger } from "../ports.ts";
import { commitBatch } from "./commit-batch.ts";

export const ledgerOf = (store: Store): Ledger => ({
  get applied() {
    return store.applied;
  },
  get schema() {
    return store.schema;
  },
  apply: (entries) => store.apply(entries),
  commit: (input, append) => commitBatch(store, input, append),
  known: async (keys) => new Set((await lookUp(store.writer, keys, [])).known.keys()),
  newestKeyMs: () => newestKeyMs(store.writer),
  syncEveryCommit: (on) => store.syncEveryCommit(on),
});
