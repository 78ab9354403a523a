import { describe, it } from "node:test";
import fc from "fast-check";
import { runs } from "../../support/runs.ts";
import { Model, type Step } from "./trust-model.ts";

const who = fc.nat(3);
const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const step: fc.Arbitrary<Step> = fc.oneof(
  often(10, fc.record({ kind: fc.constantFrom("write", "read", "look", "elect", "elect"), who })),
  often(4, fc.record({ kind: fc.constantFrom("die", "start", "start"), who, torn: fc.boolean() })),
  often(8, fc.record({ kind: fc.constant("serve" as const), writes: fc.nat(4), readers: fc.nat(15) })),
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
  often(1, fc.record({ kind: fc.constant("restartBroker" as const), lost: fc.nat(4) })),
  often(1, fc.record({ kind: fc.constantFrom("deleteLog", "trimLog", "emptyZooKeeper") })),
) as fc.Arbitrary<Step>;

function after(workers: number, steps: readonly Step[]): Model {
  const model = new Model(workers);
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

describe("who may lead, whatever is lost", () => {
  it("holds every acknowledged write, and no copy is replaced by a poorer one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (workers, steps) => {
        comesRight(after(workers, steps));
      }),
      { numRuns: runs(10_000) },
    );
  });

  it("is some worker once every volume is there", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (workers, steps) =>
        comesRight(after(workers, steps)),
      ),
      { numRuns: runs(10_000), examples: [tornVoucher] },
    );
  });
});
