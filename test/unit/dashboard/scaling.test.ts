import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { slavesFor } from "../../../core/rules/window.ts";
import { gaugeOf } from "../../../dashboard/model/scaling.ts";

const scaling = { baseline: 1, min: 1, max: 8, windowMs: 120_000, readsPerSlave: 20 };
const window = (reads: number) => ({ reads, startedAtMs: 0, endsAtMs: 120_000 });

describe("the gauge of the window", () => {
  it("stands still before the first read", () => {
    const gauge = gaugeOf(null, scaling, 1, 5_000);
    assert.deepEqual(
      { reads: gauge.reads, leftMs: gauge.leftMs, elapsed: gauge.elapsed },
      { reads: 0, leftMs: null, elapsed: 0 },
    );
  });

  it("fills one stretch after the other and names the next threshold", () => {
    const gauge = gaugeOf(window(25), scaling, 1, 30_000);
    assert.deepEqual(
      gauge.stretches.map(({ filled }) => filled),
      [1, 0.25, 0, 0],
    );
    assert.equal(gauge.slavesNow, 2);
    assert.deepEqual(gauge.next, { atReads: 41, slaves: 3 });
    assert.equal(gauge.leftMs, 90_000);
    assert.equal(gauge.elapsed, 0.25);
  });

  it("changes exactly where the window's rule does: 20 is one slave, 21 are two", () => {
    assert.equal(gaugeOf(window(20), scaling, 1, 0).slavesNow, 1);
    assert.equal(gaugeOf(window(21), scaling, 1, 0).slavesNow, 2);
    assert.deepEqual(gaugeOf(window(20), scaling, 1, 0).next, { atReads: 21, slaves: 2 });
  });

  it("names no threshold at the maximum, and fills what is allowed", () => {
    const gauge = gaugeOf(window(4_000), scaling, 8, 0);
    assert.equal(gauge.next, null);
    assert.equal(gauge.slavesNow, 8);
    assert.equal(gauge.stretches.at(-1)?.slaves, 8);
    assert.ok(gauge.stretches.every(({ filled, outOfBounds }) => filled === 1 && !outOfBounds));
  });

  it("marks what the bounds rule out", () => {
    const gauge = gaugeOf(window(0), { ...scaling, min: 2, max: 3 }, 2, 0);
    assert.deepEqual(
      gauge.stretches.map(({ outOfBounds }) => outOfBounds),
      [true, false, false, true],
    );
    assert.equal(gauge.slavesNow, 2);
  });

  it("agrees with the controller for any count, and always shows the stretch being filled", () => {
    fc.assert(
      fc.property(
        fc.nat(5_000),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 64 }),
        (reads, readsPerSlave, max) => {
          const gauge = gaugeOf(window(reads), { ...scaling, readsPerSlave, max }, 1, 0);
          const wanted = slavesFor(reads, readsPerSlave);
          assert.equal(gauge.slavesNow, Math.min(max, wanted));
          assert.ok(gauge.stretches.length <= 8);
          if (wanted <= max) assert.ok(gauge.stretches.some(({ slaves }) => slaves === wanted));
          if (gauge.next !== null)
            assert.equal(slavesFor(gauge.next.atReads, readsPerSlave), gauge.next.slaves);
        },
      ),
    );
  });
});
