// Mistakes about the ids of copies that the simulation must notice, beside those of planted.ts.
import type { Planted } from "./mutants.ts";

export const ofLostCopies: readonly Planted[] = [
  {
    name: "known-by-name",
    title: "a copy that is taken for the one before it under its worker's name",
    seed: 45,
    courses: "withLostCopies",
    edits: [
      {
        file: "core/rules/copy-ids.ts",
        find: "return noted !== undefined && copyId !== undefined && noted !== copyId;",
        put: "return false;",
      },
    ],
  },
  {
    name: "id-not-told",
    title: "a worker that does not tell its copy's id",
    seed: 45,
    courses: "withLostCopies",
    edits: [
      {
        file: "worker/lead/member.ts",
        find: "...(this.#store === null ? {} : { copyId: this.#store.copyId }),",
        put: "",
      },
    ],
  },
  {
    name: "final-too-soon",
    title: "a note that says it is the last word while writes are still answered",
    seed: 45,
    courses: "withLostCopies",
    edits: [
      {
        file: "worker/lead/log-node.ts",
        find: "const last = isFinal ?",
        put: "const last = true ?",
      },
    ],
  },
];
