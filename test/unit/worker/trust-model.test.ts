import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { holdsAll, nowhere } from "../../../core/log/place.ts";
import { runs } from "../../support/runs.ts";
import { Model } from "./trust-model.ts";
import { acceptLoss, goneIds, type Step, type Worker } from "./trust-world.ts";

const who = fc.nat(3);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const step: fc.Arbitrary<Step> = fc.oneof(
  often(10, fc.record({ kind: fc.constantFrom("write", "read", "look", "elect", "elect"), who })),
  often(3, fc.record({ kind: fc.constant("list"), who: fc.nat(15) })),
  often(4, fc.record({ kind: fc.constantFrom("die", "start", "start"), who, torn: fc.boolean() })),
  often(
    8,
    fc.record({
      kind: fc.constant("serve" as const),
      writes: fc.nat(4),
      readers: fc.nat(15),
      witnesses: fc.nat(15),
    }),
  ),
  often(
    3,
    fc.record({
      kind: fc.constant("stopAll" as const),
      lost: fc.nat(6),
      back: fc.nat(15),
      torn: fc.boolean(),
    }),
  ),
  often(1, fc.record({ kind: fc.constant("deposeMaster" as const), who })),
  often(2, fc.record({ kind: fc.constantFrom("resign" as const, "stumble" as const), who })),
  often(1, fc.record({ kind: fc.constant("restartBroker" as const), lost: fc.nat(4) })),
  often(1, fc.record({ kind: fc.constantFrom("deleteLog", "trimLog", "emptyZooKeeper") })),
) as fc.Arbitrary<Step>;

const serving = fc.record({
  kind: fc.constant("serve" as const),
  writes: fc.nat(4),
  readers: fc.nat(15),
  witnesses: fc.integer({ min: 1, max: 15 }),
});
/** Power is lost everywhere, and with it what the log had in memory only; some come back, and look whether they may lead. */
const powerCut: fc.Arbitrary<readonly Step[]> = fc
  .record({ lost: fc.nat(4), back: fc.nat(15), torn: fc.boolean() })
  .map((cut) => [
    { kind: "stopAll", ...cut },
    ...[0, 1, 2, 3, 0, 1, 2, 3].map((one) => ({ kind: "elect" as const, who: one })),
  ]);
const cuts: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.tuple(fc.array(fc.oneof(serving, step), { minLength: 1, maxLength: 3 }), powerCut), {
    minLength: 1,
    maxLength: 6,
  })
  .map((all) => all.flat(2));

/** A copy goes, and another one begins under its name: not where ZooKeeper has forgotten which copies there were. */
const replacing: fc.Arbitrary<Step> = fc.oneof(
  often(
    9,
    step.filter(({ kind }) => kind !== "emptyZooKeeper"),
  ),
  often(1, fc.record({ kind: fc.constantFrom("replace" as const, "resign" as const), who })),
);

function after(workers: number, steps: readonly Step[], model = new Model(workers)): Model {
  for (const worker of model.workers) model.start(worker);
  for (const one of steps) model.take(one);
  return model;
}

/** Peace: everything runs, and does what it does in turn. */
function comesRight(model: Model): boolean {
  for (const worker of model.workers) model.start(worker);
  for (let round = 0; round < 40 && model.master === undefined; round++)
    for (const worker of model.workers) {
      model.look(worker);
      model.elect(worker);
      for (let i = 0; i < 5; i++) model.read(worker);
    }
  return model.master !== undefined;
}

/** What once led to a cluster that waited for ever for what no copy held any more. */
const tornVoucher: [number, readonly Step[]] = [
  2,
  [
    { kind: "serve", writes: 1, readers: 2 },
    { kind: "emptyZooKeeper" },
    { kind: "look", who: 1 },
    { kind: "stopAll", lost: 1, back: 0, torn: true },
  ],
];

/** The log is trimmed while the last record of the only copy is on no disk. */
const trimmedBeforeSync: [number, readonly Step[]] = [
  1,
  [
    { kind: "elect", who: 0 },
    { kind: "write", who: 1 },
    { kind: "trimLog" },
    { kind: "die", who: 0, torn: true },
  ],
];

/** A power cut takes the first record of an epoch, whose marker came behind a record that its master did not know of. */
const tornBehindMarker: [number, readonly Step[]] = [
  1,
  [
    { kind: "elect", who: 0 },
    { kind: "write", who: 0 },
    { kind: "elect", who: 0 },
    { kind: "write", who: 1 },
    { kind: "die", who: 0, torn: true },
  ],
];

/** All of it is put down in order, and started again with another copy of the last master; the log has kept everything. */
const putDown: readonly Step[] = [
  { kind: "serve", writes: 4, readers: 0, witnesses: 0 },
  { kind: "resign", who: 0 },
  { kind: "stopAll", lost: 0, back: 0, torn: false },
  { kind: "replace", who: 0 },
];

/** The log has lost a write that only the last master and one witness have, and that witness begins anew. */
const witnessReplaced: readonly Step[] = [
  { kind: "serve", writes: 4, readers: 4, witnesses: 6 },
  { kind: "stopAll", lost: 1, back: 0, torn: true },
  { kind: "replace", who: 1 },
];
/** The log has lost an acknowledged write, and the last master, which alone has it, begins anew. */
const masterReplaced: readonly Step[] = [
  { kind: "serve", writes: 4, readers: 0, witnesses: 0 },
  { kind: "stopAll", lost: 1, back: 0, torn: true },
  { kind: "replace", who: 0 },
];

describe("who may lead, whatever is lost", () => {
  it("holds every acknowledged write, and no copy is replaced by a poorer one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (workers, steps) => {
        comesRight(after(workers, steps));
      }),
      { numRuns: runs(10_000) },
    );
  });

  it("holds every acknowledged write also where only some come back from a power cut, without the last master", () => {
    fc.assert(
      fc.property(cuts, (steps) => comesRight(after(4, steps))),
      { numRuns: runs(10_000) },
    );
  });

  it("is some worker once every volume is there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (workers, steps) =>
        comesRight(after(workers, steps)),
      ),
      { numRuns: runs(10_000), examples: [tornVoucher, trimmedBeforeSync, tornBehindMarker] },
    );
  });

  it("holds every acknowledged write also where copies are replaced under their names, or an operator must accept the loss", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(replacing, { maxLength: 60 }),
        (workers, steps) => {
          const model = after(workers, steps);
          if (comesRight(model)) return true;
          // Nothing else makes them wait for ever: a copy that was noted is gone, and with a last word what it held.
          assert.notDeepEqual(goneIds(model.node ?? {}, model.workers), []);
          assert.ok(
            model.node?.final !== true ||
              model.workers.every(({ copy }) => !holdsAll(copy.place, model.node ?? nowhere)),
          );
          acceptLoss(model);
          return comesRight(model);
        },
      ),
      { numRuns: runs(10_000) },
    );
  });
});

describe("a copy that another one has replaced under its name", () => {
  for (const [whose, steps, there] of [
    ["a witness", witnessReplaced, [1, 2]],
    ["the last master", masterReplaced, [0, 1, 2]],
  ] as const) {
    const stopped = (knowsIds: boolean): Model => {
      const model = after(3, steps, new Model(3, { knowsIds }));
      for (const who of there) model.take({ kind: "start", who, torn: false });
      for (let round = 0; round < 3; round++)
        for (const who of there)
          for (const kind of ["read", "read", "read", "read", "read"] as const) model.take({ kind, who });
      return model;
    };
    const elect = (model: Model): void => {
      for (const who of there) model.take({ kind: "elect", who });
    };

    it(`would be taken for that of ${whose} by the name alone, and acknowledged writes be lost without a word`, () => {
      assert.throws(() => elect(stopped(false)), /leads without acknowledged writes/);
    });

    it(`is not taken for that of ${whose} by its id: the workers say what they wait for`, () => {
      const model = stopped(true);
      elect(model);
      assert.equal(model.master, undefined);
      for (const who of there) {
        const verdict = model.look(model.workers[who] as Worker);
        assert.match(
          verdict?.kind === "wait" ? verdict.why : "",
          /w-\d began a new copy, and the one before is gone/,
        );
      }
    });

    it(`of ${whose} is gone for good once an operator has accepted the loss`, () => {
      const model = stopped(true);
      assert.equal(acceptLoss(model).length, 1);
      elect(model);
      assert.notEqual(model.master, undefined);
    });
  }

  it("of the last master is not needed after its last word: what it held is in the log", () => {
    const [served, , ...rest] = putDown;
    for (const [steps, isRight] of [
      [putDown, true],
      [[served as Step, ...rest], false],
    ] as const) {
      const model = after(3, steps);
      assert.equal(comesRight(model), isRight);
      assert.equal(model.acknowledged.length, 4);
    }
  });

  it("of the last master is needed also after its last word where the log has lost what was answered", () => {
    const model = after(
      3,
      putDown.map((step) => (step.kind === "stopAll" ? { ...step, lost: 1 } : step)),
    );
    assert.equal(comesRight(model), false);
    assert.equal(acceptLoss(model).length, 1);
  });

  it("of a witness is not needed when the last master comes back", () => {
    const model = after(3, witnessReplaced);
    assert.ok(comesRight(model));
    assert.equal(model.acknowledged.length, 4);
  });
});
