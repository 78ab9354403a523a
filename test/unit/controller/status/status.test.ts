import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyMemory, remember } from "../../../../controller/reconcile/memory.ts";
import type { Observed } from "../../../../controller/reconcile/workers.ts";
import { conditionsOf } from "../../../../controller/status/conditions.ts";
import { report } from "../../../../controller/status/report.ts";
import {
  type CycleFacts,
  countersIn,
  failoversMax,
  newsIn,
  statusOf,
} from "../../../../controller/status/status.ts";
import type { ManifestSpec } from "../../../../core/manifest/manifest.ts";
import type { Table } from "../../../../core/schema.ts";
import type { ClusterStatus, ConditionType } from "../../../../core/state/status.ts";
import { dead, intent, master, nowMs, observed, slave, windowNode } from "../makers.ts";

const healthy = observed([master("w-1", 100), slave("w-2", 200)]);

const facts = (changes: Partial<CycleFacts> = {}): CycleFacts => ({
  cluster: "dbaas",
  observed: healthy,
  intent: intent(1),
  before: emptyMemory,
  memory: emptyMemory,
  manifestProblem: null,
  manifestWaiting: null,
  errors: [],
  cycle: { id: "7f3a", atMs: nowMs, tookMs: 9 },
  ...changes,
});

const is = ({ conditions }: ClusterStatus, type: ConditionType): string => {
  const condition = conditions.find((one) => one.type === type);
  return `${condition?.status} ${condition?.reason}`;
};

const withEpoch = (world: Observed, epoch: number): Observed => ({
  ...world,
  master: world.master === null ? null : { ...world.master, epoch, createdAtMs: nowMs },
});

describe("statusOf", () => {
  it("tells a healthy cluster", () => {
    const status = statusOf(facts(), null);
    assert.equal(status.master, "w-1");
    assert.equal(status.readySlaves, 1);
    assert.equal(status.generation, 3);
    assert.deepEqual(
      status.workers.map(({ name, state, pid }) => `${name} ${state} ${pid}`),
      ["w-1 master 100", "w-2 slave 200"],
    );
    assert.equal(is(status, "Ready"), "True AllReady");
    assert.equal(is(status, "Degraded"), "False AsExpected");
    assert.deepEqual(status.failovers, []);
  });

  it("keeps what it knew, and says so, when it could not observe", () => {
    const before = statusOf(facts(), null);
    const blind = statusOf(facts({ observed: null, intent: null, errors: ["observe containers"] }), before);
    assert.deepEqual(blind.workers, before.workers);
    assert.equal(is(blind, "Ready"), "Unknown NotObserved");
    assert.equal(is(blind, "Degraded"), "True CycleFailed");
  });

  it("says that there is no manifest when it has looked and found none", () =>
    assert.equal(is(statusOf(facts({ intent: null }), null), "Ready"), "Unknown NoManifest"));

  it("says who is replaced and why", () => {
    const older = observed([master("w-1", 100), slave("w-2", 200, { specHash: "older-limits-settings" })]);
    const status = statusOf(facts({ observed: older }), null);
    assert.equal(is(status, "Scaling"), "True Replacing");
    const { message } = status.conditions.find(({ type }) => type === "Scaling") ?? {};
    assert.equal(message, "replacing one by one: w-2 runs an older image");
    assert.equal(is(status, "Ready"), "True AllReady");
  });

  it("says that a worker never gets ready", () => {
    const failures = new Map([["w-2", { count: 3, notBeforeMs: nowMs, reason: "exit code 1" }]]);
    const status = statusOf(facts({ memory: { ...emptyMemory, failures } }), null);
    assert.equal(is(status, "Degraded"), "True WorkerNotReady");
  });

  it("says that the manifest as it is now is not in force", () => {
    const status = statusOf(facts({ manifestProblem: "3:4 spec.scaling.max: must be …" }), null);
    assert.equal(is(status, "ManifestValid"), "False Invalid");
    assert.equal(is(status, "Ready"), "True AllReady");
  });

  it("records a failover with its gap, from the old master's death to the new one's znode", () => {
    const before = statusOf(facts(), null);
    const died = observed([dead("w-1", 100, { leads: true }), slave("w-2", 200)]);
    const memory = remember(emptyMemory, died);
    const after = withEpoch(observed([dead("w-1", 100), master("w-2", 200)]), 9);
    const status = statusOf(facts({ observed: after, before: memory }), before);
    assert.deepEqual(status.failovers, [{ atMs: nowMs, from: "w-1", to: "w-2", epoch: 9, gapMs: 50 }]);
    assert.deepEqual(
      statusOf(facts({ observed: after, before: memory }), status).failovers,
      status.failovers,
    );
  });

  it("records a failover that no controller watched, without a gap", () => {
    const before = statusOf(facts(), null);
    const after = withEpoch(observed([slave("w-1", 100), master("w-2", 200)]), 9);
    const [record] = statusOf(facts({ observed: after }), before).failovers;
    assert.deepEqual(record, { atMs: nowMs, from: "w-1", to: "w-2", epoch: 9, gapMs: null });
  });

  it("does not take the first election for a failover", () =>
    assert.deepEqual(statusOf(facts(), statusOf(facts({ observed: observed([]) }), null)).failovers, []));

  it("keeps a bounded history", () => {
    let status = statusOf(facts(), null);
    for (let epoch = 100; epoch < 150; epoch++)
      status = statusOf(facts({ observed: withEpoch(healthy, epoch) }), status);
    assert.equal(status.failovers.length, failoversMax);
    assert.equal(status.failovers.at(-1)?.epoch, 149);
  });

  it("tells news from counters, and both from the mere time of a cycle", () => {
    const window = windowNode();
    const one = statusOf(facts({ intent: intent(1, { window }) }), null);
    const later = facts({
      intent: intent(1, { window }),
      cycle: { id: "b", atMs: nowMs + 1_000, tookMs: 3 },
    });
    assert.equal(countersIn(statusOf(later, one)), countersIn(one));
    const counted = statusOf({ ...later, observed: { ...healthy, reads: 5 } }, one);
    assert.equal(newsIn(counted), newsIn(one));
    assert.notEqual(countersIn(counted), countersIn(one));
    assert.notEqual(newsIn(statusOf(facts({ observed: observed([master("w-1", 1)]) }), one)), newsIn(one));
  });
});

describe("the condition ManifestApplied", () => {
  const t: Table = { name: "t", primaryKey: ["a"], columns: [{ name: "a", type: "text" }] };
  const applied = (world: Partial<Observed>, spec: Partial<ManifestSpec> = {}): string => {
    const wanted = intent(1);
    const asked = { ...wanted, spec: { ...wanted.spec, ...spec } };
    const status = statusOf(facts({ observed: { ...healthy, ...world }, intent: asked }), null);
    const condition = status.conditions.find(({ type }) => type === "ManifestApplied");
    return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
  };
  const tables = (...there: readonly Table[]) => ({ epoch: 1, schema: { tables: there }, failed: [] });
  const database = { tables: [t] };

  it("is unknown before a master has told which tables there are", () =>
    assert.match(applied({}), /^Unknown NotTold: /));

  it("is true when the tables are as the manifest asks, and names what is kept beside it", () => {
    assert.match(applied({ tables: tables(t) }, { database }), /^True AsWritten: [^;]*$/);
    assert.match(
      applied({ tables: tables(t, { ...t, name: "old" }) }, { database }),
      /^True AsWritten: .*; kept beside it: table old$/,
    );
  });

  it("is false while a table is yet to be made, and when a part was refused", () => {
    assert.equal(applied({ tables: tables() }, { database }), "False Migrating: not made yet: table t");
    const failed = [{ what: "table t", reason: "no room left for the database" }];
    assert.equal(
      applied({ tables: { ...tables(), failed } }, { database }),
      "False ChangeRefused: table t: no room left for the database",
    );
  });

  it("is false when the log keeps another amount than the manifest says", () => {
    const { log } = intent(1).spec;
    assert.match(applied({ tables: tables(), logRetention: log }), /^True /);
    assert.match(
      applied({ tables: tables(), logRetention: { ...log, retentionBytes: 1 } }),
      /^False LogRetention: the log keeps 1 and /,
    );
  });
});

describe("conditionsOf", () => {
  it("remembers since when a condition holds", () => {
    const findings = {
      ...facts(),
      desired: intent(1).desired,
      specHashes: new Map(),
      data: null,
      backupSpec: undefined,
      notApplied: null,
      paused: false,
      failures: new Map(),
    };
    const first = conditionsOf(findings, [], 1_000);
    const second = conditionsOf({ ...findings, errors: ["x"] }, first, 2_000);
    const since = (type: ConditionType) => second.find((one) => one.type === type)?.sinceMs;
    assert.equal(since("Ready"), 1_000);
    assert.equal(since("Degraded"), 2_000);
  });
});

describe("report", () => {
  const story = { reconcile: "7f3a", atMs: nowMs, desired: intent(1).desired, acted: [] };

  it("says nothing when nothing changed", () => {
    const status = statusOf(facts(), null);
    assert.deepEqual(report({ ...story, before: status, after: status }), {
      sentences: [],
      events: [],
      errors: [],
    });
  });

  it("tells why the number of slaves changes, and what is done for it", () => {
    const status = statusOf(facts(), null);
    const desired = { slaves: 2, workers: 3, reason: "21 reads in 2m0s -> 2 slaves" };
    const action = { kind: "startWorker", worker: "w-3", host: "host1", replaces: false } as const;
    const telling = report({
      ...story,
      desired,
      acted: [{ action, error: null, lastWords: "" }],
      before: status,
      after: status,
    });
    assert.equal(telling.sentences.join("; "), "21 reads in 2m0s -> 2 slaves (was 1); starting worker w-3");
    assert.deepEqual(
      telling.events.map(({ reason, worker }) => [reason, worker]),
      [
        ["Scaled", null],
        ["StartWorker", "w-3"],
      ],
    );
  });

  it("names no earlier number of slaves before the first manifest", () => {
    const before = { ...statusOf(facts(), null), generation: 0, desiredSlaves: 0 };
    const desired = { slaves: 1, workers: 2, reason: "baseline -> 1 slave" };
    const telling = report({
      ...story,
      desired,
      acted: [],
      before,
      after: statusOf(facts(), before),
    });
    assert.equal(telling.sentences[0], "baseline -> 1 slave");
  });

  it("tells what failed", () => {
    const status = statusOf(facts(), null);
    const action = { kind: "startWorker", worker: "w-3", host: "host1", replaces: false } as const;
    const acted = [{ action, error: new Error("no such image"), lastWords: "" }];
    const telling = report({ ...story, acted, before: status, after: status });
    assert.deepEqual(telling.errors, ["starting worker w-3 failed: no such image"]);
    assert.equal(telling.events[0]?.severity, "warning");
  });

  it("tells of elections, of slaves that got ready, and of what is left alone", () => {
    const foreign = [{ name: "dbaas-w-7", reason: "not ours", worker: "w-7" }];
    const before = statusOf(facts({ observed: observed([]) }), null);
    const after = statusOf(
      facts({ observed: observed([master("w-1", 100), slave("w-2", 200)], { foreign }) }),
      before,
    );
    assert.deepEqual(report({ ...story, before, after }).sentences, [
      "slave w-2 (pid 200) is ready",
      "w-1 (pid 100) is elected master",
      "leaving dbaas-w-7 alone: not ours",
    ]);
  });
});
