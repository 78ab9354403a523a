// Every loss of what the programs remember, once, on real containers: each stops and starts a whole cluster, some fill the log
// before.
import assert from "node:assert/strict";
import { test } from "node:test";
import { losses } from "../../tools/torture/faults/losses.ts";
import { torture } from "./run-torture.ts";

const faults = losses.map(({ name }) => name).join(",");

test("whatever is lost besides the last full copy, the acknowledged data leads again, or the service stops and says so", async () => {
  const told = await torture({ seed: 2026, minutes: 8.5, rounds: 1, clients: 4, rows: 2_000, faults });
  // One that could not be made has shown nothing.
  assert.doesNotMatch(told, /could not be done as planned/);
});
