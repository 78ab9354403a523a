import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptance, type DataRules, dataFinding } from "../../../../controller/reconcile/data-complete.ts";
import { emptyMemory, type Memory } from "../../../../controller/reconcile/memory.ts";
import type { Observed } from "../../../../controller/reconcile/workers.ts";
import { report } from "../../../../controller/status/report.ts";
import { type CycleFacts, statusOf } from "../../../../controller/status/status.ts";
import type { ClusterStatus } from "../../../../core/state/status.ts";
import type { LogNode, Place } from "../../../../core/state/znodes.ts";
import {
  dead,
  intent,
  master,
  nowMs,
  observed,
  slave,
  volumesOf,
  type WorkerIs,
  watched,
} from "../makers.ts";

const rules: DataRules = { paused: false, readyWithinMs: 60_000 };
const log: LogNode & { version: number } = { broker: "b", master: "w-3", epoch: 5, position: 90, version: 4 };

interface CopyIs {
  readonly holds?: Place | null;
  readonly volume?: boolean;
}

/** w-1 runs, holds less than was acknowledged, and waits; what is with w-3 is the test's. */
function waitingFor(w3: CopyIs, others: readonly WorkerIs[] = [], changes: object = {}): Observed {
  const world = observed([slave("w-1", 100, { state: "joining" }), ...others], {
    log,
    volumes: volumesOf(["w-1", ...(w3.volume === false ? [] : ["w-3"])].map((name) => ({ name }))),
    copies: new Map([
      ["w-1", { holds: { epoch: 4, position: 70 }, atMs: 1 }],
      ["w-3", { holds: w3.holds ?? null, atMs: 1 }],
    ]),
    ...changes,
  });
  const waits = (view: Observed["workers"][number]) =>
    view.node === null || view.name === "w-3"
      ? view
      : {
          ...view,
          node: { ...view.node, epoch: 4, position: 70, eligible: false, waiting: "waits for w-3" },
        };
  return { ...world, workers: world.workers.map(waits) };
}

const found = (world: Observed, memory: Memory = emptyMemory, with_: Partial<DataRules> = {}): string => {
  const finding = dataFinding(world, memory, { ...rules, ...with_ });
  return finding.kind === "missing" ? `missing: ${finding.reason}` : finding.kind;
};

/** The last master's copy has this id, and holds as much as was noted. Its worker runs. */
function replaced(copyId: string): Observed {
  const world = waitingFor({ holds: log }, [slave("w-3", 300, { state: "joining" })], {
    log: { ...log, copyIds: { "w-3": "noted" } },
  });
  const workers = world.workers.map((view) =>
    view.name === "w-3" && view.node !== null
      ? { ...view, node: { ...view.node, copyId, epoch: 5, position: 90, waiting: "waits for w-3" } }
      : view,
  );
  return { ...world, workers };
}

/** Its worker has noted that, and does not run any more. */
function replacedAndGone(copyId: string): Observed {
  const world = waitingFor({ holds: log }, [], { log: { ...log, copyIds: { "w-3": "noted" } } });
  return { ...world, copies: new Map([...world.copies, ["w-3", { holds: log, copyId, atMs: 1 }]]) };
}

const failing: Memory = {
  ...emptyMemory,
  failures: new Map([["w-3", { count: 2, notBeforeMs: nowMs + 900, reason: "not ready yet, exit code 1" }]]),
};

describe("dataFinding", () => {
  it("finds the data complete while a master leads, whatever waits beside it", () => {
    const world = waitingFor({ volume: false }, [master("w-2", 200)]);
    assert.equal(found(world), "complete");
  });

  it("says nothing is missing during an election in which no worker waits for a copy", () =>
    assert.equal(found(observed([slave("w-1", 100), dead("w-3", 300)], { log })), "open"));

  it("calls a copy coming whose worker is about to start or is opening it", () => {
    assert.equal(found(waitingFor({ holds: log })), "coming");
    assert.equal(found(waitingFor({ holds: log }, [slave("w-3", 300, { state: "none" })])), "coming");
    assert.equal(found(waitingFor({ holds: log }, [slave("w-3", 300, { state: "joining" })])), "coming");
  });

  it("calls it coming when the last master's host stays away, and a witness of it is opening its copy", () => {
    const gone = { volume: false };
    const opening = [slave("w-2", 300, { state: "none" })];
    const volumes = volumesOf(["w-1", "w-2"].map((name) => ({ name })));
    const witnessed = { log: { ...log, witnesses: ["w-2"] }, volumes };
    assert.equal(found(waitingFor(gone, opening, witnessed)), "coming");
    assert.equal(found(waitingFor(gone, opening, { volumes })), "missing: VolumeGone");
  });

  it("calls it missing when its volume is gone, is not ours, or may not be started", () => {
    assert.equal(found(waitingFor({ volume: false })), "missing: VolumeGone");
    const foreign = [{ name: "c-w-3", worker: "w-3", reason: "of another" }];
    assert.equal(found(waitingFor({ volume: false }, [], { foreign })), "missing: VolumeForeign");
    assert.equal(found(waitingFor({ holds: log }), emptyMemory, { paused: true }), "missing: Paused");
  });

  it("calls it missing when its worker fails to start, also while it is tried again", () => {
    assert.equal(found(waitingFor({ holds: log }), failing), "missing: WorkerFails");
    const again = waitingFor({ holds: log }, [slave("w-3", 300, { state: "none" })]);
    assert.equal(found(again, failing), "missing: WorkerFails");
  });

  it("calls it missing when its worker runs for long without progress", () => {
    const opening = waitingFor({ holds: log }, [slave("w-3", 300, { state: "joining" })]);
    assert.equal(found(opening, watched(opening, 59_000)), "coming");
    assert.equal(found(opening, watched(opening, 60_000)), "missing: WorkerFails");
  });

  it("calls it missing when the last master's copy is open and holds less than was acknowledged", () => {
    const world = waitingFor({ holds: { epoch: 4, position: 70 } }, [
      slave("w-3", 300, { state: "joining" }),
    ]);
    const opened = world.workers.map((view) =>
      view.name === "w-3" && view.node !== null
        ? { ...view, node: { ...view.node, epoch: 4, position: 70, waiting: "waits for w-3" } }
        : view,
    );
    assert.equal(found({ ...world, workers: opened }), "missing: CopyIncomplete");
  });

  it("calls it missing when the last master's worker has another copy than the one that was noted", () => {
    const finding = dataFinding(replaced("another"), emptyMemory, rules);
    assert.equal(finding.kind === "missing" ? finding.reason : finding.kind, "CopyReplaced");
    assert.match(
      finding.kind === "missing" ? finding.message : "",
      /^the copy that w-3 had when it led, which held every acknowledged write \(at least epoch 5, position 90\), is gone; w-3 began a new one\. Open are: .*\. Let the fullest .* \.\/dbaas accept-loss$/,
    );
    assert.equal(found(replaced("noted")), "open");
  });

  it("calls it missing also while that worker does not run: what it had begun is noted", () => {
    const finding = dataFinding(replacedAndGone("another"), emptyMemory, rules);
    assert.equal(finding.kind === "missing" ? finding.reason : finding.kind, "CopyReplaced");
    assert.ok("copy" in acceptance(replacedAndGone("another"), finding, undefined));
    assert.equal(found(replacedAndGone("another"), failing), "missing: CopyReplaced");
    assert.equal(found(replacedAndGone("noted")), "coming");
  });

  it("names the last master and the witnesses that would do as well, while each of these ways is shut", () => {
    const witnessed = { ...log, witnesses: ["w-1", "w-2"], copyIds: { "w-1": "a", "w-2": "noted" } };
    const world = waitingFor({ volume: false }, [], { log: witnessed });
    const entry = { holds: { epoch: 5, position: 90 }, copyId: "another", atMs: 1 };
    const copies = new Map([...world.copies, ["w-2", entry]]);
    const finding = dataFinding({ ...world, copies }, emptyMemory, rules);
    assert.match(
      finding.kind === "missing" ? `${finding.reason}: ${finding.message}` : finding.kind,
      /^VolumeGone: w-3, whose copy holds .*, has lost its volume; or the copy that w-2 had as a witness is gone; w-2 began a new one\. Open are: w-1 .*\. Bring it back, or let/,
    );
  });

  it("needs every copy that may hold more while it is not known who led last", () => {
    assert.equal(found(waitingFor({}, [], { log: null })), "coming");
    assert.equal(found(waitingFor({}, [], { log: null }), failing), "missing: WorkerFails");
    const poorer = waitingFor({ holds: { epoch: 4, position: 60 } }, [], { log: null });
    assert.equal(found(poorer, failing), "open");
  });
});

describe("the condition DataComplete", () => {
  const facts = (world: Observed): CycleFacts => ({
    cluster: "dbaas",
    observed: world,
    intent: intent(1),
    before: emptyMemory,
    memory: emptyMemory,
    manifestProblem: null,
    manifestWaiting: null,
    errors: [],
    cycle: { id: "7f3a", atMs: nowMs, tookMs: 9 },
  });
  const told = (before: ClusterStatus | null, after: ClusterStatus): readonly string[] =>
    report({ reconcile: "r", atMs: nowMs, desired: null, acted: [], before, after })
      .events.filter(({ reason }) => /Data|Copies/.test(reason))
      .map(({ reason, severity }) => `${severity} ${reason}`);
  const reported = (status: ClusterStatus, type: string): string => {
    const is = status.conditions.find((one) => one.type === type);
    return `${is?.status} ${is?.reason}`;
  };

  it("is told once when it becomes False and once when it ends, and makes the cluster not ready", () => {
    const lost = statusOf(facts(waitingFor({ volume: false })), null);
    assert.equal(reported(lost, "DataComplete"), "False VolumeGone");
    assert.equal(reported(lost, "Ready"), "False DataIncomplete");
    assert.deepEqual(told(null, lost), ["warning DataIncomplete"]);
    assert.deepEqual(told(lost, lost), []);
    const healed = statusOf(facts(observed([master("w-1", 100), slave("w-2", 200)])), lost);
    assert.equal(reported(healed, "DataComplete"), "True MasterLeads");
    assert.deepEqual(told(lost, healed), ["info DataComplete"]);
    assert.deepEqual(told(healed, healed), []);
  });

  it("is told of nothing new by a cycle that could not observe", () => {
    const lost = statusOf(facts(waitingFor({ volume: false })), null);
    const blind = statusOf({ ...facts(observed([])), observed: null, intent: null }, lost);
    assert.equal(reported(blind, "DataComplete"), "Unknown NotObserved");
    assert.deepEqual(told(lost, blind), []);
  });

  it("does not call a copy the last master's that has taken its place", () => {
    const lastMasters = (world: Observed) =>
      statusOf(facts(world), null).copies.filter(({ lastMaster }) => lastMaster).length;
    assert.deepEqual([lastMasters(replaced("noted")), lastMasters(replaced("another"))], [1, 0]);
    assert.equal(lastMasters(replacedAndGone("another")), 0);
  });

  it("comes with what each copy holds", () => {
    const { copies } = statusOf(facts(waitingFor({ volume: false })), null);
    assert.deepEqual(copies, [
      { worker: "w-1", epoch: 4, position: 70, known: true, mounted: true, lastMaster: false },
      { worker: "w-3", epoch: 5, position: 90, known: true, mounted: false, lastMaster: true },
    ]);
  });
});
