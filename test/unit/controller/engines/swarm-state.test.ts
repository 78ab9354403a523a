// What is changed in a Swarm while it changes itself.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DockerApi } from "../../../../controller/engines/docker/docker-api.ts";
import { SwarmState } from "../../../../controller/engines/swarm/swarm-state.ts";
import { TransientError } from "../../../../core/errors.ts";

const outdated = "rpc error: code = Unknown desc = update out of sequence";

/** @param refusals what the manager answers to the first updates */
function scaling(...refusals: readonly string[]) {
  const left = [...refusals];
  let looks = 0;
  const api: Pick<DockerApi, "found" | "make"> = {
    found: async () => {
      looks += 1;
      return { ID: "s", Version: { Index: looks }, Spec: {} } as never;
    },
    make: async (what) => {
      const refusal = left.shift();
      if (refusal !== undefined) throw new TransientError(what, { cause: new Error(refusal) });
      return undefined as never;
    },
  };
  const state = new SwarmState(api as DockerApi, "c");
  return { done: state.scale("s", 0), looks: () => looks };
}

describe("a service that Swarm changes meanwhile", () => {
  it("is looked at again, and changed as it is then", async () => {
    const { done, looks } = scaling(outdated, outdated);
    await done;
    assert.equal(looks(), 3);
  });

  it("is left to the next cycle when it never stands still", async () => {
    await assert.rejects(scaling(...Array(9).fill(outdated)).done, TransientError);
  });

  it("is not tried again for any other reason", async () => {
    const { done, looks } = scaling("no leader");
    await assert.rejects(done, TransientError);
    assert.equal(looks(), 1);
  });
});
