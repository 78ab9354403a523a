import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  listOfIds,
  lostMemory,
  sameMemory,
  toBeNoted,
  unknownId,
} from "../../../../core/rules/broker-memory.ts";

const always = () => true;
const never = () => false;

describe("the memory of one broker", () => {
  it("is the same as long as its id is", () => {
    assert.equal(sameMemory("a", "a"), true);
    assert.equal(sameMemory("a", "b"), false);
    assert.equal(lostMemory("a", "b"), true);
    assert.equal(toBeNoted("a", "b", never), "b");
  });

  it("is another one when it becomes one of three", () => {
    assert.equal(sameMemory("a", "a,b,c"), false);
    assert.equal(lostMemory("a", "a,b,c"), true);
  });
});

describe("the memory of three brokers", () => {
  it("is the same with one that was restarted or does not answer", () => {
    for (const now of ["a,b,c", "a,b,x", "x,b,c", "a,?,c"]) {
      assert.equal(sameMemory("a,b,c", now), true, now);
      assert.equal(lostMemory("a,b,c", now), false, now);
    }
  });

  it("is not the same with two that were restarted or do not answer", () => {
    for (const now of ["a,x,y", "x,y,z", "a,x,?", "?,?,c"])
      assert.equal(sameMemory("a,b,c", now), false, now);
  });

  it("is lost only when two were certainly restarted", () => {
    for (const now of ["a,x,y", "x,y,?", "x,y,z"]) assert.equal(lostMemory("a,b,c", now), true, now);
    for (const now of ["a,x,?", "?,?,c", "a,?,x"]) assert.equal(lostMemory("a,b,c", now), false, now);
  });

  it("does not count what was not known when it was noted", () => {
    assert.equal(sameMemory("a,?,c", "a,b,c"), true);
    assert.equal(sameMemory("a,?,c", "a,b,x"), false);
    assert.equal(sameMemory("?,?,c", "?,?,c"), false);
  });

  it("is noted with a changed id once that was seen for long enough", () => {
    assert.equal(toBeNoted("a,b,c", "a,b,x", never), "a,b,c");
    assert.equal(toBeNoted("a,b,c", "a,b,x", always), "a,b,x");
    assert.equal(toBeNoted("a,b,c", "a,b,?", always), "a,b,c");
    assert.equal(toBeNoted("a,?,c", "a,b,c", always), "a,b,c");
  });
});

describe("the memory of several brokers, whatever happens to them", () => {
  type Fate = "kept" | "restarted" | "silent";
  const fates = fc.array(fc.constantFrom<Fate>("kept", "restarted", "silent"), {
    minLength: 1,
    maxLength: 7,
  });
  const before = (all: readonly Fate[]) => all.map((_, i) => `id${i}`);
  const after = (all: readonly Fate[]) =>
    all.map((fate, i) => (fate === "kept" ? `id${i}` : fate === "restarted" ? `new${i}` : unknownId));
  const count = (all: readonly Fate[], fate: Fate) => all.filter((one) => one === fate).length;

  it("is never the same when a majority of them was restarted or is silent", () => {
    fc.assert(
      fc.property(fates, (all) => {
        const same = sameMemory(listOfIds(before(all)), listOfIds(after(all)));
        assert.equal(same, count(all, "kept") > all.length / 2);
      }),
    );
  });

  it("is never both the same and lost", () => {
    fc.assert(
      fc.property(fates, (all) => {
        const [noted, now] = [listOfIds(before(all)), listOfIds(after(all))];
        assert.ok(!(sameMemory(noted, now) && lostMemory(noted, now)));
      }),
    );
  });

  it("stays the same through any number of restarts, one at a time, each noted before the next", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 20 }), (restarts) => {
        let noted = "a,b,c";
        for (const [i, broker] of restarts.entries()) {
          const now = noted.split(",").with(broker, `new${i}`).join(",");
          assert.ok(sameMemory(noted, now));
          noted = toBeNoted(noted, now, always);
          assert.equal(noted, now);
        }
      }),
    );
  });

  it("notes nothing that would let a majority of restarts pass for the same", () => {
    fc.assert(
      fc.property(fates, fates, (first, second) => {
        // The second restarts come before the changed ids of the first count as settled.
        const all = first.slice(0, second.length);
        const noted = listOfIds(before(all));
        const kept = toBeNoted(noted, listOfIds(after(all)), never);
        const later = all.map((fate, i) =>
          fate === "kept" && second[i] === "kept" ? `id${i}` : `later${i}`,
        );
        const untouched = all.filter((fate, i) => fate === "kept" && second[i] === "kept").length;
        if (sameMemory(noted, listOfIds(after(all))))
          assert.equal(sameMemory(kept, listOfIds(later)), untouched > all.length / 2);
      }),
    );
  });
});
