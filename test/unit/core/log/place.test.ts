import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { comparePlaces, fullest, holdsAll, nowhere } from "../../../../core/log/place.ts";

const place = fc.record({ epoch: fc.nat(5), position: fc.nat(5) });

describe("the place of a copy", () => {
  it("is further in a later epoch, whatever the positions", () => {
    assert.ok(comparePlaces({ epoch: 3, position: 1 }, { epoch: 2, position: 900 }) > 0);
    assert.ok(!holdsAll({ epoch: 2, position: 900 }, { epoch: 3, position: 1 }));
  });

  it("is further at a higher position within an epoch", () => {
    assert.ok(comparePlaces({ epoch: 2, position: 8 }, { epoch: 2, position: 7 }) > 0);
  });

  it("holds all of its own", () => {
    assert.ok(holdsAll({ epoch: 2, position: 7 }, { epoch: 2, position: 7 }));
  });

  it("is nowhere when there are none", () => {
    assert.deepEqual(fullest([]), nowhere);
  });

  it("that is the fullest holds all of each", () => {
    fc.assert(
      fc.property(fc.array(place), (places) => places.every((one) => holdsAll(fullest(places), one))),
    );
  });
});
