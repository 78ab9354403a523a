import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missingWitnesses } from "../../../../core/rules/trust.ts";
import { type Gathered, type Heard, nextWitnesses, witnessedBy } from "../../../../core/rules/witnesses.ts";

const nowMs = 100_000;
const at = (position: number, epoch = 3) => ({ epoch, position });
const heard = (name: string, host: string, position: number, agoMs = 0): Heard => ({
  name,
  copyId: `${name}'s`,
  host,
  place: at(position),
  atMs: nowMs - agoMs,
});
const copies = (...names: readonly string[]) => names.map((name) => ({ name, copyId: `${name}'s` }));
const gathered = (changes: Partial<Gathered>): Gathered => ({
  listed: [],
  heard: [],
  answered: at(10),
  answeredBefore: changes.answered ?? at(10),
  nowMs,
  ...changes,
});

describe("a master's witnesses", () => {
  it("are one of each other host, as soon as one of them has all that was answered", () => {
    const all = [heard("w-2", "b", 10), heard("w-3", "c", 8), heard("w-4", "b", 11)];
    assert.deepEqual(nextWitnesses(gathered({ heard: all })), copies("w-3", "w-4"));
  });

  it("are nobody yet while those that are heard have less", () => {
    assert.deepEqual(nextWitnesses(gathered({ heard: [heard("w-2", "b", 9)] })), []);
    const ofEarlierEpoch = { ...heard("w-2", "b", 0), place: at(50, 2) };
    assert.deepEqual(nextWitnesses(gathered({ heard: [ofEarlierEpoch] })), []);
  });

  it("stay those of their hosts that were listed, however much others hold", () => {
    const all = [heard("w-2", "b", 10), heard("w-4", "b", 12)];
    assert.deepEqual(nextWitnesses(gathered({ heard: all, listed: copies("w-2") })), copies("w-2"));
  });

  it("stay the same while two of one host are ahead of each other by turns, and a third one has all that was answered", () => {
    const listed = copies("w-2", "w-3");
    const others = [heard("w-4", "b", 12), heard("w-3", "c", 12)];
    const behind = { listed, answered: at(12), answeredBefore: at(10) };
    assert.deepEqual(
      nextWitnesses(gathered({ ...behind, heard: [heard("w-2", "b", 11), ...others] })),
      listed,
    );
    const lost = nextWitnesses(gathered({ ...behind, heard: [heard("w-2", "b", 9), ...others] }));
    assert.deepEqual(lost, copies("w-3", "w-4"));
  });

  it("are the one that has all that was answered, when those that are listed would be without one", () => {
    const rebuilt = { ...heard("w-3", "c", 3), copyId: "another" };
    const all = [heard("w-2", "b", 11), heard("w-4", "b", 12), rebuilt];
    const next = nextWitnesses(
      gathered({ listed: copies("w-2", "w-3"), answered: at(12), answeredBefore: at(10), heard: all }),
    );
    assert.deepEqual(next, [{ name: "w-3", copyId: "another" }, ...copies("w-4")]);
  });

  it("are without one that is silent, when another one has all that was answered", () => {
    const all = [heard("w-2", "b", 12, 2_500), heard("w-3", "c", 10)];
    assert.deepEqual(nextWitnesses(gathered({ heard: all, listed: copies("w-2", "w-3") })), copies("w-3"));
  });

  it("stay listed while all are silent and no write waits: what they hold may be needed", () => {
    const all = [heard("w-2", "b", 12, 60_000)];
    assert.deepEqual(nextWitnesses(gathered({ heard: all, listed: copies("w-2") })), copies("w-2"));
  });

  it("are nobody when those that are listed have less than they had said: a copy was made anew", () => {
    const anew = [heard("w-2", "b", 3)];
    assert.deepEqual(nextWitnesses(gathered({ heard: anew, listed: copies("w-2") })), []);
  });

  it("are others when their workers have begun other copies", () => {
    const rebuilt = { ...heard("w-2", "b", 10), copyId: "another" };
    const next = nextWitnesses(gathered({ heard: [rebuilt], listed: copies("w-2") }));
    assert.deepEqual(next, [{ name: "w-2", copyId: "another" }]);
  });

  it("are nobody while another copy of one that is listed has less", () => {
    const rebuilt = { ...heard("w-2", "b", 9), copyId: "another" };
    assert.deepEqual(nextWitnesses(gathered({ heard: [rebuilt], listed: copies("w-2") })), []);
  });

  it("stay without the copy that is gone while another one that has all that was answered is silent", () => {
    const rebuilt = { ...heard("w-2", "b", 9), copyId: "another" };
    const silent = { ...heard("w-3", "c", 10), atMs: -10_000 };
    const all = gathered({ heard: [rebuilt, silent], listed: copies("w-2", "w-3") });
    assert.deepEqual(nextWitnesses(all), copies("w-3"));
  });

  it("are another one of the same host when the one that is listed falls behind", () => {
    const all = [heard("w-2", "b", 4), heard("w-4", "b", 12)];
    assert.deepEqual(nextWitnesses(gathered({ heard: all, listed: copies("w-2") })), copies("w-4"));
  });
});

describe("what is witnessed", () => {
  it("is what the fullest of those that are listed has, and with none listed what the master has", () => {
    const all = [heard("w-2", "b", 10), heard("w-3", "c", 8), heard("w-4", "d", 12)];
    assert.deepEqual(witnessedBy(copies("w-2", "w-3"), all, at(20)), at(10));
    assert.deepEqual(witnessedBy([], all, at(20)), at(20));
    const rebuilt = all.map((one) => ({ ...one, copyId: "another" }));
    assert.deepEqual(witnessedBy(copies("w-2", "w-3"), rebuilt, at(20)), { epoch: 0, position: 0 });
    assert.deepEqual(witnessedBy(copies("w-9"), all, at(20)), { epoch: 0, position: 0 });
  });
});

describe("when the last master's copy is not there", () => {
  const log = { broker: "before", master: "w-1", ...at(10), witnesses: ["w-2", "w-3"] };
  const there = (name: string, position: number, epoch = 3) => ({
    name,
    copyId: `${name}'s`,
    place: at(position, epoch),
  });

  it("all its witnesses together hold what was acknowledged, for it is not known which of them has it", () => {
    assert.deepEqual(missingWitnesses(log, [there("w-2", 12), there("w-3", 4), there("w-4", 9)]), []);
    assert.deepEqual(missingWitnesses(log, [there("w-2", 12)]), ["w-1", "w-3"]);
  });

  it("a witness that has not opened its file yet is waited for", () => {
    assert.deepEqual(missingWitnesses(log, [there("w-2", 12), there("w-3", 0, 0)]), ["w-1", "w-3"]);
  });

  it("witnesses of which none holds what is noted are none", () => {
    assert.deepEqual(missingWitnesses(log, [there("w-2", 9), there("w-3", 4)]), ["w-1"]);
  });

  it("another copy of a witness is not the noted one", () => {
    const ids = { ...log, copyIds: { "w-1": "w-1's", "w-2": "w-2's", "w-3": "of before" } };
    assert.deepEqual(missingWitnesses(ids, [there("w-2", 12), there("w-3", 12)]), ["w-1", "w-3"]);
  });

  it("nobody else does where no witness is listed", () => {
    assert.deepEqual(missingWitnesses({ ...log, witnesses: [] }, [there("w-2", 12)]), ["w-1"]);
    assert.deepEqual(missingWitnesses({ ...log, witnesses: [] }, [there("w-1", 10)]), []);
  });
});
