// Mistakes with transactions of libSQL clients that the simulation must notice.
import type { Planted } from "./mutants.ts";

export const ofTransactions: readonly Planted[] = [
  {
    name: "unseen-changes",
    title: "a master that does not look whether others have changed what a transaction has read",
    seed: 2,
    edits: [
      {
        file: "worker/write/transactions.ts",
        find: 'else if (part.gave === done.gave) answers.push("null");',
        put: 'else if (part.gave === done.gave || trial === undefined) answers.push("null");',
      },
    ],
  },
  {
    name: "torn-transactions",
    title: "a master that commits what a transaction has done before it met what others have changed",
    seed: 2,
    edits: [
      {
        file: "worker/write/transactions.ts",
        find: "else throw changedMeanwhile(i);",
        put: "else if (trial !== undefined) throw changedMeanwhile(i); else break;",
      },
    ],
  },
  {
    name: "two-moments",
    title:
      "a master that does not look, while a transaction is open, whether others have changed what it has read",
    seed: 174,
    edits: [
      {
        file: "worker/write/transactions.ts",
        find: 'else if (part.gave === done.gave) answers.push("null");',
        put: 'else if (part.gave === done.gave || trial !== undefined) answers.push("null");',
      },
    ],
  },
];
