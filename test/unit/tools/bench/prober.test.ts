import assert from "node:assert/strict";
import { test } from "node:test";
import { longestSilence, type Probe } from "../../../../tools/bench/load/prober.ts";

const answered = (...moments: readonly number[]): Probe[] =>
  moments.map((answeredMs) => ({ sentMs: answeredMs - 1, answeredMs, ok: true }));

test("the longest silence lies between two answers", () => {
  assert.equal(longestSilence(answered(10, 12, 60, 61), 5), 48);
});

test("answers count in the order in which they came, not in which they were asked for", () => {
  assert.equal(longestSilence(answered(60, 12, 10, 61), 5), 48);
});

test("a refusal breaks no silence", () => {
  const probes = [...answered(10, 60), { sentMs: 20, answeredMs: 30, ok: false }];
  assert.equal(longestSilence(probes, 5), 50);
});

test("what happened before does not count", () => {
  assert.equal(longestSilence(answered(10, 500, 510), 495), 10);
  assert.equal(longestSilence([], 495), 0);
});
