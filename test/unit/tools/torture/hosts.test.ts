// What torture over several hosts decides without any host: which API a client asks, what goes with a host, which host was left alone.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Choice } from "../../../../tools/torture/hosts/choice.ts";
import { Disturbances } from "../../../../tools/torture/hosts/disturbances.ts";
import { hostsCatalogue } from "../../../../tools/torture/hosts/faults/catalogue.ts";
import { inWords, type Leaders, lostWith, rolesOf } from "../../../../tools/torture/hosts/roles.ts";

describe("a client of three APIs", () => {
  const clientAt = (preferred: number) => {
    const clock = { ms: 10_000 };
    return { clock, choice: new Choice([1, 2, 3], preferred, () => clock.ms) };
  };

  it("asks the one that it prefers for as long as that answers", () => {
    const { choice } = clientAt(2);
    assert.deepEqual([choice.next(), choice.next()], [2, 2]);
  });

  it("goes to the next one around the end of the list, and to the one after it", () => {
    const { choice } = clientAt(3);
    choice.failed(3);
    assert.equal(choice.next(), 1);
    choice.failed(1);
    assert.equal(choice.next(), 2);
  });

  it("comes back to the one that it prefers after a while", () => {
    const { choice, clock } = clientAt(1);
    choice.failed(1);
    assert.equal(choice.next(), 2);
    clock.ms += 2_000;
    assert.equal(choice.next(), 1);
  });

  it("asks the one that failed first when all have failed", () => {
    const { choice, clock } = clientAt(1);
    for (const one of [2, 3, 1]) {
      choice.failed(one);
      clock.ms += 10;
    }
    assert.equal(choice.next(), 2);
  });
});

describe("what is lost with a host", () => {
  const leaders: Leaders = { master: 1, "stream leader": 1, "ZooKeeper leader": 2, "acting controller": 2 };

  it("is everything that leads there", () => {
    assert.deepEqual(rolesOf(1, leaders), ["master", "stream leader"]);
    assert.deepEqual(lostWith("host cut off", 1, leaders), [
      "host cut off: master",
      "host cut off: stream leader",
    ]);
  });

  it("is told where nothing leads", () => {
    assert.deepEqual(lostWith("host cut off", 3, leaders), ["host cut off: nothing that leads"]);
  });

  it("is told as a whole where everything leads", () => {
    const all = { ...leaders, "ZooKeeper leader": 1, "acting controller": 1, "Swarm leader": 1 };
    assert.ok(lostWith("host cut off", 1, all).includes("host cut off: all five"));
  });

  it("is put into words by host, with what is not known", () => {
    assert.equal(
      inWords(leaders),
      "host 1: master, stream leader; host 2: ZooKeeper leader, acting controller; unknown: Swarm leader",
    );
  });
});

describe("what was done to a host", () => {
  it("makes it away until it ends, and counts for requests that were under way", () => {
    const clock = { ms: 0 };
    const disturbances = new Disturbances(() => clock.ms);
    const end = disturbances.begin(1, "away");
    clock.ms = 5;
    assert.equal(disturbances.isAway(1), true);
    assert.equal(disturbances.isAway(2), false);
    end();
    clock.ms = 10;
    assert.equal(disturbances.isAway(1), false);
    assert.equal(disturbances.touchedSince(1, 3), true);
    assert.equal(disturbances.touchedSince(1, 6), false);
    assert.equal(disturbances.touchedSince(2, 0), false);
  });

  it("does not make it away when only its API is late", () => {
    const disturbances = new Disturbances(() => 1);
    disturbances.begin(1, "disturbed");
    assert.equal(disturbances.isAway(1), false);
    assert.equal(disturbances.touchedSince(1, 1), true);
  });
});

describe("the faults over hosts", () => {
  const names = hostsCatalogue.faults.map(({ name }) => name);

  it("have names of their own", () => {
    assert.equal(new Set(names).size, names.length);
  });

  it("have the deaths that come between the others", () => {
    for (const name of hostsCatalogue.between) assert.ok(names.includes(name), name);
  });
});
