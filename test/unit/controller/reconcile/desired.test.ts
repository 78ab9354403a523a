import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { desire } from "../../../../controller/reconcile/desired.ts";
import { slavesFor } from "../../../../core/rules/window.ts";
import { windowNode } from "../makers.ts";

const scaling = { baseline: 2, min: 1, max: 4, windowMs: 120_000, readsPerSlave: 20 };
const demanded = (reads: number) =>
  windowNode({ demand: { reads, slaves: slavesFor(reads, 20), endedAtMs: 0, windowMs: 120_000 } });

describe("desire", () => {
  it("holds the baseline until a first window has ended", () => {
    const desired = desire(scaling, windowNode());
    assert.deepEqual(desired, { slaves: 2, workers: 3, reason: "baseline -> 2 slaves" });
  });

  it("follows the demand and says why", () => {
    const desired = desire(scaling, demanded(41));
    assert.deepEqual(desired, { slaves: 3, workers: 4, reason: "41 reads in 2m0s -> 3 slaves" });
  });

  it("lets the manifest's maximum win over demand", () => {
    const desired = desire(scaling, demanded(200));
    assert.equal(desired.slaves, 4);
    assert.equal(desired.reason, "200 reads in 2m0s -> 10 slaves, held at max 4");
  });

  it("lets the manifest's minimum win over demand", () => {
    const desired = desire({ ...scaling, min: 2 }, demanded(1));
    assert.equal(desired.slaves, 2);
    assert.equal(desired.reason, "1 read in 2m0s -> 1 slave, raised to min 2");
  });

  it("never leaves the bounds", () =>
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 64 }), fc.nat(63), (reads, min, more) => {
        const max = min + more;
        const { slaves, workers } = desire({ ...scaling, baseline: min, min, max }, demanded(reads));
        assert.ok(slaves >= min && slaves <= max && workers === slaves + 1);
      }),
    ));
});
