import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Latency, Tally } from "../../../../tools/bench/load/tally.ts";

const request = { bytes: Buffer.alloc(0), verify: () => null };
const answer = { status: 200, body: Buffer.alloc(0) };

function latencyOf(latenciesMs: readonly number[]): Latency & { readonly answered: number } {
  const tally = new Tally();
  tally.start();
  for (const ms of latenciesMs) tally.answer(answer, request, ms);
  tally.stop();
  const { latency, answered } = tally.result(0);
  return { ...latency, answered };
}

/** What sorting would say. The histogram takes the nearest rank, which differs only where there are few values. */
const exactQuantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(1, Math.floor(part * values.length + 0.5)) - 1] ?? 0;

test("a run without answers has no latencies", () => {
  const { answered, p50Ms, p999Ms, maxMs, meanMs } = latencyOf([]);
  assert.deepEqual([answered, p50Ms, p999Ms, maxMs, meanMs], [0, 0, 0, 0, 0]);
});

test("latencies of a few microseconds are kept exactly", () => {
  const { p50Ms, p90Ms, maxMs, meanMs } = latencyOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((us) => us / 1_000));
  assert.deepEqual([p50Ms, p90Ms, maxMs, meanMs], [0.005, 0.009, 0.01, 0.0055]);
});

test("every quantile is within 0.2 % of the one that sorting gives", () => {
  const values = fc.array(fc.integer({ min: 1, max: 3_600_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, (latenciesUs) => {
      const told = latencyOf(latenciesUs.map((us) => us / 1_000));
      for (const [part, ms] of [
        [0.5, told.p50Ms],
        [0.9, told.p90Ms],
        [0.99, told.p99Ms],
        [0.999, told.p999Ms],
        [1, told.maxMs],
      ] as const) {
        const exact = exactQuantile(latenciesUs, part) / 1_000;
        assert.ok(Math.abs(ms - exact) <= exact / 500, `${ms} for ${exact}`);
      }
    }),
  );
});

test("what takes longer than an hour is still counted, as an hour", () => {
  const { answered, maxMs } = latencyOf([1, 1e9]);
  assert.equal(answered, 2);
  assert.ok(Math.abs(maxMs - 3_600_000) <= 3_600);
});
