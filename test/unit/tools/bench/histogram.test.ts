import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "../../../../tools/bench/load/histogram.ts";

const filled = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

/** What sorting would say. */
const exactQuantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(part * values.length) - 1)] ?? 0;

test("an empty histogram says zero", () => {
  const empty = new Histogram();
  assert.deepEqual([empty.count, empty.meanUs, empty.maxUs, empty.quantileUs(0.99)], [0, 0, 0, 0]);
});

test("small values are kept exactly", () => {
  const histogram = filled([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.equal(histogram.quantileUs(0.5), 5);
  assert.equal(histogram.quantileUs(0.9), 9);
  assert.equal(histogram.quantileUs(1), 10);
  assert.equal(histogram.meanUs, 5.5);
});

test("every quantile is within 1.6 % of the one that sorting gives, and never below it", () => {
  const values = fc.array(fc.integer({ min: 0, max: 3_600_000_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 0.999, 1), (latencies, part) => {
      const exact = exactQuantile(latencies, part);
      const told = filled(latencies).quantileUs(part);
      assert.ok(told >= exact && told <= exact * (1 + 1 / 64), `${told} for ${exact}`);
    }),
  );
});

test("a value beyond the last bucket is still counted, and the maximum is exact", () => {
  const histogram = filled([1, 1e12]);
  assert.equal(histogram.count, 2);
  assert.equal(histogram.maxUs, 1e12);
});
