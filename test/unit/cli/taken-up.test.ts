import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { CliError, exitCodes } from "../../../cli/exit.ts";
import { awaitTakenUp, type Followed, isAsDesired, isInForce, verdictText } from "../../../cli/taken-up.ts";
import type { SpecNode } from "../../../core/state/spec-node.ts";
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
  it("needs the very manifest to be published", () => {
    assert.ok(isInForce(spec, { generation: 5, spec }));
    assert.ok(!isInForce(spec, { generation: 4, spec: { ...spec, paused: true } }));
    assert.ok(!isInForce(spec, null));
  });
});

interface Look {
  readonly accepted: SpecNode | null;
  readonly status: ClusterStatus;
  readonly controlled?: boolean;
}

const secondsBetweenLooks = 10;

/**
 * What each look finds, ten seconds after the one before by a clock of its own; the last goes on for ever. Once in a test: a clock that
 * takes the place of another stands in it for good.
 */
function following(
  t: TestContext,
  ...looks: readonly [Look, ...Look[]]
): Followed & { readonly looks: number } {
  let [nowMs, count, wake] = [0, 0, (): void => undefined];
  t.mock.method(performance, "now", () => nowMs);
  const found = (): Look => looks[Math.min(count, looks.length) - 1] ?? looks[0];
  return {
    get looks() {
      return count;
    },
    look: async () => {
      count += 1;
      nowMs += secondsBetweenLooks * 1_000;
      wake();
      const { status: told, controlled = true } = found();
      return { status: told, events: [], controlled };
    },
    lookAtManifest: async () => ({
      accepted: found().accepted,
      window: null,
      tables: null,
      logRetention: null,
    }),
    onChange: (changed) => {
      wake = changed;
    },
    ended: new AbortController().signal,
  };
}

const published = { generation: 5, spec };
const toldOf = (generation: number, ...conditions: readonly StatusCondition[]): ClusterStatus => ({
  ...status(...conditions),
  observedGeneration: generation,
});

const failsWith = (exitCode: number, message: string) => (error: unknown) =>
  error instanceof CliError && error.exitCode === exitCode && error.message === message;

describe("awaitTakenUp", () => {
  it("waits until the controller has told of it, though its cycle takes long", async (t) => {
    const view = following(
      t,
      { accepted: { generation: 4, spec: { ...spec, paused: true } }, status: toldOf(4) },
      ...Array.from({ length: 8 }, () => ({ accepted: published, status: toldOf(4) })),
      { accepted: published, status: toldOf(5) },
    );
    assert.match(await awaitTakenUp(view, spec, "in force"), /^The manifest is in force as generation 5\./);
    assert.equal(view.looks, 10);
  });

  it("says that it is not in force when another one is for too long", async (t) => {
    const view = following(t, {
      accepted: { generation: 4, spec: { ...spec, paused: true } },
      status: toldOf(4),
    });
    await assert.rejects(
      awaitTakenUp(view, spec, "in force"),
      failsWith(
        exitCodes.failed,
        "the manifest is saved, but not in force: the controller has not taken it up yet",
      ),
    );
    assert.equal(view.looks, 2);
  });

  it("says that no controller acts", (t) =>
    assert.rejects(
      awaitTakenUp(following(t, { accepted: null, status: toldOf(4), controlled: false }), spec, "in force"),
      failsWith(
        exitCodes.unreachable,
        "the manifest is saved; no controller is acting, the next one will take it up",
      ),
    ));

  it("says that no controller acts any more that could tell of what is in force", async (t) => {
    const view = following(
      t,
      { accepted: published, status: toldOf(4) },
      { accepted: published, status: toldOf(4), controlled: false },
    );
    await assert.rejects(
      awaitTakenUp(view, spec, "in force"),
      failsWith(exitCodes.unreachable, "in force; no controller is acting, the next one carries it out"),
    );
    assert.equal(view.looks, 3);
  });

  it("waits for the controller that comes next, for a while", async (t) => {
    const view = following(
      t,
      { accepted: published, status: toldOf(4) },
      { accepted: published, status: toldOf(4), controlled: false },
      { accepted: published, status: toldOf(4) },
      { accepted: published, status: toldOf(4), controlled: false },
      { accepted: published, status: toldOf(5) },
    );
    assert.match(await awaitTakenUp(view, spec, "in force"), /^The manifest is in force as generation 5\./);
  });

  it("says what is in force and not carried out in time", async (t) => {
    const scaling = condition("Scaling", true, "1 of 2 slaves ready");
    await assert.rejects(
      awaitTakenUp(following(t, { accepted: published, status: toldOf(5, scaling) }), spec, "as desired"),
      failsWith(exitCodes.failed, "in force, but 1 of 2 slaves ready"),
    );
  });

  it("says what is in force and not told of in time", (t) =>
    assert.rejects(
      awaitTakenUp(following(t, { accepted: published, status: toldOf(4) }), spec, "in force"),
      failsWith(exitCodes.failed, "in force, but the controller has not told yet what came of it"),
    ));
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
