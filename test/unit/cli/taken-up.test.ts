import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAsDesired, isInForce, verdictText } from "../../../cli/taken-up.ts";
import type { ClusterStatus, ConditionType, StatusCondition } from "../../../core/state/status.ts";
import { spec as specOf } from "../controller/makers.ts";

const spec = specOf();

const condition = (type: ConditionType, is: boolean, message = "m"): StatusCondition => ({
  type,
  status: is ? "True" : "False",
  reason: "R",
  message,
  sinceMs: 0,
});

const status = (...conditions: readonly StatusCondition[]): ClusterStatus => ({
  cluster: "c",
  generation: 4,
  observedGeneration: 4,
  desiredSlaves: 2,
  desiredReason: "baseline -> 2 slaves",
  readySlaves: 1,
  master: "w-1",
  epoch: 1,
  workers: [],
  copies: [],
  window: null,
  conditions,
  hosts: [],
  backups: null,
  foreign: [],
  failovers: [],
  lastCycle: { id: "a", atMs: 0, tookMs: 1 },
});

describe("isInForce", () => {
  it("needs the very manifest to be published, and the controller to have seen it", () => {
    assert.ok(isInForce(spec, { generation: 4, spec }, status()));
    assert.ok(!isInForce(spec, { generation: 5, spec }, status()));
    assert.ok(!isInForce(spec, { generation: 4, spec: { ...spec, paused: true } }, status()));
    assert.ok(!isInForce(spec, null, status()));
  });
});

describe("isAsDesired", () => {
  it("needs all to be ready, and nobody to come or go", () => {
    assert.ok(isAsDesired(status(condition("Ready", true), condition("Scaling", false))));
    assert.ok(!isAsDesired(status(condition("Ready", true), condition("Scaling", true))));
    assert.ok(!isAsDesired(status(condition("Ready", false), condition("Scaling", false))));
  });
});

describe("verdictText", () => {
  it("tells the generation and the slaves", () =>
    assert.equal(
      verdictText(status()),
      "The manifest is in force as generation 4.\nSlaves: 2 desired (baseline -> 2 slaves), 1 ready.\n",
    ));

  it("tells a pause and what is wrong", () => {
    const text = verdictText(
      status(condition("Paused", true), condition("Degraded", true, "w-2 failed twice")),
    );
    assert.match(text, /Paused: the controller observes/);
    assert.match(text, /Degraded: w-2 failed twice/);
  });
});
