// The thread of the simulation: a call ends also where the thread does.
import assert from "node:assert/strict";
import { it } from "node:test";
import { SimulationThread } from "./thread.ts";

it("rejects a call when the thread ends without an error, and each call after that", async () => {
  const thread = new SimulationThread();
  const pending = assert.rejects(
    thread.call("courseAndOutcome", 1),
    /ended without an answer to courseAndOutcome/,
  );
  await thread.end();
  await pending;
  await assert.rejects(thread.call("courseAndOutcome", 1), /ended without an answer/);
});
