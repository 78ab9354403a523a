import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frozen } from "../../../../tools/torture/cluster/power.ts";

describe("a container that is frozen for a while", () => {
  const asked: string[] = [];
  const freeze = (unpause: () => Promise<string>) =>
    frozen(
      "c",
      async () => asked.push("meanwhile"),
      async (...command) => {
        asked.push(command.join(" "));
        return command[0] === "unpause" ? unpause() : "";
      },
    );

  it("goes on afterwards", async () => {
    asked.length = 0;
    await freeze(async () => "c");
    assert.deepEqual(asked, ["pause c", "meanwhile", "unpause c"]);
  });

  for (const said of ["Container c is not paused", "No such container: c"])
    it(`may have ended in its sleep: ${said}`, () =>
      freeze(async () => {
        throw new Error(`docker unpause c (1): Error response from daemon: ${said}`);
      }));

  it("is told of when it does not go on for another reason", async () => {
    const hung = freeze(async () => {
      throw new Error("docker unpause c (null): the engine did not answer");
    });
    await assert.rejects(hung, /did not answer/);
  });
});
