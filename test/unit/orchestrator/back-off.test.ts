import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  afterFall,
  firstDelayMs,
  freshBackOff,
  healthyLifeMs,
  longestDelayMs,
} from "../../../orchestrator/back-off.ts";

test("a child that lived well is started again at once", () => {
  assert.deepEqual(afterFall({ earlyFalls: 4 }, healthyLifeMs), { backOff: freshBackOff, delayMs: 0 });
});

test("a child that falls right after its start waits longer each time", () => {
  const delays: number[] = [];
  let backOff = freshBackOff;
  for (let fall = 0; fall < 4; fall++) {
    const restart = afterFall(backOff, 20);
    delays.push(restart.delayMs);
    backOff = restart.backOff;
  }
  assert.deepEqual(delays, [100, 200, 400, 800]);
});

test("no number of falls makes the wait shorter than the first or longer than the longest", () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 0, max: healthyLifeMs - 1 }), (earlyFalls, livedMs) => {
      const { delayMs } = afterFall({ earlyFalls }, livedMs);
      assert.ok(delayMs >= firstDelayMs && delayMs <= longestDelayMs);
    }),
  );
});
