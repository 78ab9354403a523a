import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readsInWindow, slavesFor, stepWindow } from "../../../../core/rules/window.ts";
import { windowNode } from "../../controller/makers.ts";

const rules = { windowMs: 120_000, readsPerSlave: 20 };
const start = 1_800_000_000_000;

describe("slavesFor", () => {
  for (const [reads, slaves] of [
    [0, 1],
    [1, 1],
    [20, 1],
    [21, 2],
    [40, 2],
    [41, 3],
    [60, 3],
    [61, 4],
  ] as const)
    it(`asks for ${slaves} after ${reads} reads`, () => assert.equal(slavesFor(reads, 20), slaves));
});

describe("stepWindow", () => {
  it("does not begin before the first read", () =>
    assert.deepEqual(stepWindow(null, { reads: 0, firstReadAtMs: null }, rules, start), {
      window: null,
      ended: 0,
    }));

  it("begins at the moment of the first read, not when it was noticed", () =>
    assert.deepEqual(stepWindow(null, { reads: 3, firstReadAtMs: start - 800 }, rules, start).window, {
      startedAtMs: start - 800,
      readsAtStart: 0,
      demand: null,
    }));

  it("stays the same value while it lasts", () => {
    const window = windowNode({ startedAtMs: start });
    assert.equal(
      stepWindow(window, { reads: 99, firstReadAtMs: start }, rules, start + 119_999).window,
      window,
    );
  });

  it("ends after its time, names the demand, and the next one begins where it ended", () => {
    const window = windowNode({ startedAtMs: start, readsAtStart: 100 });
    assert.deepEqual(stepWindow(window, { reads: 121, firstReadAtMs: start }, rules, start + 120_300), {
      window: {
        startedAtMs: start + 120_000,
        readsAtStart: 121,
        demand: { slaves: 2, reads: 21, endedAtMs: start + 120_000, windowMs: 120_000 },
      },
      ended: 1,
    });
  });

  it("asks for one slave after a window without reads", () => {
    const window = windowNode({ startedAtMs: start, readsAtStart: 100 });
    const next = stepWindow(window, { reads: 100, firstReadAtMs: start }, rules, start + 120_000).window;
    assert.equal(next?.demand?.slaves, 1);
  });

  it("shares the reads out over the windows that ended while nobody looked", () => {
    const window = windowNode({ startedAtMs: start, readsAtStart: 0 });
    const step = stepWindow(window, { reads: 90, firstReadAtMs: start }, rules, start + 3 * 120_000 + 5_000);
    assert.equal(step.ended, 3);
    assert.equal(step.window?.demand?.reads, 30);
    assert.equal(step.window?.startedAtMs, start + 3 * 120_000);
  });

  it("begins anew, with its count, when it lies in the future", () => {
    const window = windowNode({ startedAtMs: start + 3_600_000, readsAtStart: 5 });
    assert.deepEqual(stepWindow(window, { reads: 9, firstReadAtMs: start }, rules, start).window, {
      startedAtMs: start,
      readsAtStart: 5,
      demand: null,
    });
  });

  it("takes lost totals for a new count", () =>
    assert.equal(readsInWindow(windowNode({ readsAtStart: 1_000 }), { reads: 7, firstReadAtMs: null }), 7));

  it("counts every read in exactly one window, whenever the controller looks or restarts", () => {
    const looks = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400_000 }), reads: fc.nat(50) }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(looks, (steps) => {
        let [now, total, counted] = [start, 1, 0];
        let window = stepWindow(null, { reads: total, firstReadAtMs: now }, rules, now).window;
        for (const { afterMs, reads } of steps) {
          now += afterMs;
          total += reads;
          // What a restart keeps is exactly the znode.
          const stored = JSON.parse(JSON.stringify(window)) as typeof window;
          assert.ok(stored);
          const next = stepWindow(stored, { reads: total, firstReadAtMs: start }, rules, now);
          assert.ok(next.window);
          counted += next.window.readsAtStart - stored.readsAtStart;
          assert.ok(now - next.window.startedAtMs < rules.windowMs);
          assert.equal((next.window.startedAtMs - start) % rules.windowMs, 0);
          window = next.window;
        }
        assert.ok(window);
        assert.equal(counted + readsInWindow(window, { reads: total, firstReadAtMs: start }), total);
      }),
    );
  });
});
