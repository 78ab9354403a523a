import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  idsIn,
  listOfIds,
  lostMemory,
  sameMemory,
  toBeNoted,
  toBeProven,
  unknownId,
} from "../../../../core/rules/broker-memory.ts";
import { runs } from "../../../support/runs.ts";

const always = () => true;
const never = () => false;

describe("the memory of one broker", () => {
  it("is the same as long as its id is", () => {
    assert.equal(sameMemory("a", "a"), true);
    assert.equal(sameMemory("a", "b"), false);
    assert.equal(lostMemory("a", "b"), true);
    assert.deepEqual([toBeProven("a", "a"), toBeProven("a", "b")], [[], [0]]);
    assert.deepEqual([toBeNoted("a", "b", never), toBeNoted("a", "b", always)], ["a", "b"]);
  });

  it("is another one when it becomes one of three", () => {
    assert.equal(sameMemory("a", "a,b,c"), false);
    assert.equal(lostMemory("a", "a,b,c"), true);
    assert.equal(toBeNoted("a", "a,b,c", never), "a,b,c");
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

  it("is noted with a changed id once its broker is proven to have everything", () => {
    assert.equal(toBeNoted("a,b,c", "a,b,x", never), "a,b,c");
    assert.equal(toBeNoted("a,b,c", "a,b,x", always), "a,b,x");
    assert.equal(toBeNoted("a,b,c", "a,b,?", always), "a,b,c");
    assert.equal(toBeNoted("a,?,c", "a,b,c", always), "a,b,c");
  });

  it("asks for a proof of every id that is known and not noted", () => {
    assert.deepEqual(toBeProven("a,b,c", "a,b,c"), []);
    assert.deepEqual(toBeProven("a,b,c", "a,b,x"), [2]);
    assert.deepEqual(toBeProven("a,?,c", "a,b,c"), [1]);
    assert.deepEqual(toBeProven("a,b,c", "a,b,?"), []);
    assert.deepEqual(toBeProven("a,b,c,d,e", "x,b,c,d,y"), [0, 4]);
    assert.deepEqual(toBeProven("a,b,c", "a,y,x"), [1, 2]);
  });

  it("stays lost in the note of a master that leads on while a majority is restarted, until enough of them are proven", () => {
    const noted = (proven: readonly number[]) => toBeNoted("a,b,c", "a,y,x", (i) => proven.includes(i));
    assert.deepEqual([noted([]), noted([2]), noted([1, 2])], ["a,b,c", "a,b,x", "a,y,x"]);
    assert.deepEqual(
      [noted([]), noted([2])].map((broker) => sameMemory(broker, "a,y,x")),
      [false, true],
    );
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
        // The second restarts come before the brokers of the first are proven to have everything.
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

/** Three brokers with a replica each of one log, and a master that notes their ids. */
class Replicas {
  has = [0, 0, 0];
  ids = ["a", "b", "c"];
  noted = "a,b,c";
  confirmed = 0;
  #restarts = 0;

  get now(): string {
    return listOfIds(this.ids);
  }

  /** As it is seen while one of them does not answer. */
  #without(away: number): string {
    return listOfIds(this.ids.with(away, unknownId));
  }

  get #longest(): number {
    return Math.max(...this.has);
  }

  /** A record is confirmed by the one that has most and one other, which then has everything as well; not always by all. */
  write(other: number): void {
    const leader = this.has.indexOf(this.#longest);
    this.confirmed = this.#longest + 1;
    for (const i of [leader, other === leader ? (leader + 1) % 3 : other]) this.has[i] = this.confirmed;
  }

  copy(i: number): void {
    this.has[i] = this.#longest;
  }

  /** Another master has seen the ids, and has read back a marker that it sent after that. */
  lead(other: number): void {
    const seen = [...this.ids];
    this.write(other);
    this.note((i) => seen[i] === this.ids[i]);
  }

  /** What was confirmed is at none of them any more. */
  get isLost(): boolean {
    return this.#longest < this.confirmed;
  }

  restart(i: number, lost: number): void {
    this.has[i] = Math.max(0, (this.has[i] ?? 0) - lost);
    this.#restarts += 1;
    this.ids[i] = `new${this.#restarts}`;
  }

  note(isProven: (i: number) => boolean): void {
    this.noted = toBeNoted(this.noted, this.now, isProven);
  }

  /** Whenever the memory is the same, also with one of them away, the log is there: one of those that count for it has all of it. */
  get isWhole(): boolean {
    const noted = idsIn(this.noted);
    return [this.now, ...this.ids.map((_, away) => this.#without(away))].every((now) => {
      const kept = idsIn(now).flatMap((id, i) => (id === noted[i] ? [this.has[i] ?? 0] : []));
      return !sameMemory(this.noted, now) || Math.max(...kept) >= this.confirmed;
    });
  }
}

describe("a log on three brokers", () => {
  type Step =
    | { readonly kind: "write" | "copy" | "lead" | "note"; readonly broker: number }
    | { readonly kind: "restart"; readonly broker: number; readonly lost: number };
  const broker = fc.nat(2);
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constantFrom(...(["write", "copy", "lead", "note"] as const)), broker }),
      fc.record({ kind: fc.constant("restart" as const), broker, lost: fc.nat(4) }),
    ),
    { maxLength: 30 },
  );

  /** @returns whether what was confirmed was there whenever the ids said so */
  function isKept(all: readonly Step[], isProven: (replicas: Replicas, i: number) => boolean): boolean {
    const replicas = new Replicas();
    for (const step of all) {
      if (step.kind === "restart") replicas.restart(step.broker, step.lost);
      else if (step.kind === "note") replicas.note((i) => isProven(replicas, i));
      else replicas[step.kind](step.broker);
      if (!replicas.isWhole) return false;
      // The service waits for the copies that are noted.
      if (replicas.isLost) return true;
    }
    return true;
  }

  const reachesEnd = (replicas: Replicas, i: number) => (replicas.has[i] ?? 0) >= replicas.confirmed;

  it("is whole whenever its memory is the same, if ids are noted of brokers that reach its end", () => {
    fc.assert(
      fc.property(steps, (all) => isKept(all, reachesEnd)),
      { numRuns: runs(5_000) },
    );
  });

  it("would not be, if they were noted as soon as they are seen", () => {
    const restart = (broker: number, lost: number) => ({ kind: "restart" as const, broker, lost });
    const note = { kind: "note" as const, broker: 0 };
    // The record is at the first and at the third, which loses it; the first is restarted before the second has it.
    const lost: readonly Step[] = [{ kind: "write", broker: 2 }, restart(2, 1), note, restart(0, 1)];
    assert.equal(isKept(lost, always), false);
    assert.equal(isKept(lost, reachesEnd), true);
  });
});
