import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  Distribution,
  latencyScale,
  percentile,
  sizeScale,
} from "../../../../platform/telemetry/distribution.ts";

const of = (values: readonly number[], scale = latencyScale): Distribution => {
  const distribution = new Distribution(scale);
  for (const value of values) distribution.observe(value);
  return distribution;
};

describe("a distribution", () => {
  it("counts and sums what it observes", () => {
    const { count, sum } = of([1, 2, 3.5]);
    assert.deepEqual({ count, sum }, { count: 3, sum: 6.5 });
  });

  it("tells exactly how many values were at most a whole octave", () => {
    const sizes = of([1, 1, 2, 3, 4, 128, 500], sizeScale);
    assert.deepEqual(
      sizes.cumulative().map(({ upTo, count }) => [upTo, count]),
      [
        [1, 2],
        [2, 3],
        [4, 5],
        [8, 5],
        [16, 5],
        [32, 5],
        [64, 5],
        [128, 6],
        [256, 6],
      ],
    );
  });

  it("agrees with counting by hand at every octave, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { maxLength: 200 }),
        (values) => {
          for (const { upTo, count } of of(values).cumulative())
            assert.equal(count, values.filter((value) => value <= upTo).length);
        },
      ),
    );
  });

  it("knows percentiles to within a step", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 50_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.95, 0.99),
        (values, part) => {
          const sorted = [...values].sort((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(values.length * part - 1e-9) - 1)] ?? 0;
          const told = percentile(of(values).counts, latencyScale, part) ?? 0;
          assert.ok(told >= exact / 1.1 && told <= exact * 1.1, `${told} is about ${exact}`);
        },
      ),
    );
  });

  it("has no percentile when it is empty", () => {
    assert.equal(percentile(of([]).counts, latencyScale, 0.5), null);
  });
});
