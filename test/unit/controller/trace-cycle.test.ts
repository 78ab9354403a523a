import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CycleDone } from "../../../controller/measures.ts";
import type { ActionResult } from "../../../controller/reconcile/act.ts";
import { traceCycle } from "../../../controller/trace-cycle.ts";
import type { ClusterStatus } from "../../../core/state/status.ts";
import { KeptTracing } from "../../fakes/kept-tracing.ts";

const after = { desiredSlaves: 2, lastCycle: { id: "c0de", atMs: 5_000, tookMs: 40 } } as ClusterStatus;
const starting = (worker: string, error: unknown = null): ActionResult => ({
  action: { kind: "startWorker", worker } as ActionResult["action"],
  error,
  lastWords: "",
});
const cycle = (...acted: readonly ActionResult[]): CycleDone => ({
  tookMs: 40,
  result: "ok",
  acted,
  before: null,
  after,
});

describe("a cycle's span", () => {
  it("is not there when the cycle did nothing", () => {
    const tracing = new KeptTracing();
    traceCycle(tracing, cycle());
    assert.deepEqual(tracing.spans, []);
  });

  it("says what was done, and under which id the log tells of it", () => {
    const tracing = new KeptTracing();
    traceCycle(tracing, cycle(starting("w-1"), starting("w-2")));
    const { attributes, ended, failure } = tracing.named("reconcile");
    assert.deepEqual(attributes, {
      "dbaas.reconcile.id": "c0de",
      "dbaas.reconcile.actions": ["starting worker w-1", "starting worker w-2"],
      "dbaas.desired_slaves": 2,
    });
    assert.deepEqual([ended, failure], [true, undefined]);
  });

  it("counts the actions that failed", () => {
    const tracing = new KeptTracing();
    traceCycle(tracing, cycle(starting("w-1"), starting("w-2", new Error("no such image"))));
    assert.equal(tracing.named("reconcile").failure, "1 of 2 actions failed");
  });
});
