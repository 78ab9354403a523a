// The story of a failover as the page tells it, step by step, from nothing but two statuses and the time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ClusterStatus } from "../../../core/state/status.ts";
import { type Failover, nextFailover, pace, sceneOf } from "../../../dashboard/model/failover.ts";
import { stageOf } from "../../../dashboard/model/stage.ts";
import { narrate } from "../../../dashboard/model/words.ts";
import { conditions, master, nowMs, status, worker } from "./makers.ts";

const before = status([master("w-1"), worker("w-2"), worker("w-3")]);
const missing = conditions({ Ready: "False" });
const noMaster = status([worker("w-2"), worker("w-3")], { conditions: missing, desiredSlaves: 2 });
const replacement = worker("w-1", { container: "c-new", pid: 2_000, state: "starting" });
const elected = status([master("w-2", { epoch: 8 }), worker("w-3"), replacement], {
  epoch: 8,
  conditions: missing,
  desiredSlaves: 2,
  failovers: [{ atMs: nowMs, from: "w-1", to: "w-2", epoch: 8, gapMs: 312 }],
});
const whole = status([master("w-2", { epoch: 8 }), worker("w-3"), { ...replacement, state: "slave" }], {
  epoch: 8,
  failovers: elected.failovers,
});

const startOf = (now: ClusterStatus): Failover => {
  const failover = nextFailover(null, before, now, nowMs);
  assert.ok(failover !== null, "a failover has begun");
  return failover;
};
const electionEndMs = nowMs + pace.lostMs + pace.electionMs;
const epochEndMs = electionEndMs + pace.epochMs;

describe("a failover on the page", () => {
  it("is none while the same master leads", () => {
    assert.equal(nextFailover(null, before, status([master("w-1"), worker("w-2")]), nowMs), null);
    assert.equal(nextFailover(null, null, elected, nowMs), null);
  });

  it("begins when the master is gone, with the slaves that are left as candidates, by pid", () => {
    const failover = startOf(noMaster);
    assert.equal(failover.lost.name, "w-1");
    assert.deepEqual(
      failover.candidates.map(({ pid }) => pid),
      [1_020, 1_030],
    );
    assert.equal(failover.outcome, null);
  });

  it("is seen also when the new master comes in the same report as the loss", () => {
    const failover = startOf(elected);
    assert.deepEqual(
      {
        winner: failover.outcome?.winner.name,
        epoch: failover.outcome?.epoch,
        gapMs: failover.outcome?.gapMs,
      },
      { winner: "w-2", epoch: 8, gapMs: 312 },
    );
  });

  it("is seen when a worker of the same name leads in another container", () => {
    const again = status([master("w-1", { container: "c-new", epoch: 8 }), worker("w-2")], { epoch: 8 });
    assert.equal(startOf(again).outcome?.winner.container, "c-new");
  });

  it("is told slowly: loss, election, decision, epoch, replacement, whole again", () => {
    const failover: Failover = { ...startOf(elected), healedAtMs: nowMs + 900 };
    const at = (ms: number) => sceneOf(failover, ms);
    assert.deepEqual(at(nowMs), { step: "lost", decided: false });
    assert.deepEqual(at(nowMs + pace.lostMs), { step: "election", decided: false });
    assert.deepEqual(at(electionEndMs - 1), { step: "election", decided: true });
    assert.deepEqual(at(electionEndMs), { step: "epoch", decided: true });
    assert.deepEqual(at(epochEndMs), { step: "replacement", decided: true });
    assert.deepEqual(at(epochEndMs + pace.replacementMs), { step: "healed", decided: true });
  });

  it("stays at the election as long as nobody was elected, and shows the decision when it comes", () => {
    const failover = startOf(noMaster);
    const lateMs = nowMs + 60_000;
    assert.deepEqual(sceneOf(failover, lateMs), { step: "election", decided: false });
    const decided = nextFailover(failover, noMaster, elected, lateMs);
    assert.ok(decided !== null);
    assert.deepEqual(sceneOf(decided, lateMs), { step: "election", decided: true });
    assert.equal(sceneOf(decided, lateMs + pace.verdictMs).step, "epoch");
  });

  it("ends some time after the cluster is whole again, and not before", () => {
    const running = startOf(elected);
    const later = (failover: Failover | null, ms: number) => nextFailover(failover, whole, whole, ms);
    const healed = nextFailover(running, elected, whole, epochEndMs + 10_000);
    assert.equal(healed?.healedAtMs, epochEndMs + 10_000);
    assert.notEqual(later(healed, epochEndMs + 10_000 + pace.healedMs), null);
    assert.equal(later(healed, epochEndMs + 10_001 + pace.healedMs), null);
    assert.notEqual(nextFailover(running, elected, elected, nowMs + 600_000), null);
  });

  it("gives way to the next one", () => {
    const second = status([master("w-3", { epoch: 9 })], { epoch: 9 });
    const next = nextFailover(startOf(elected), elected, second, nowMs + 1_000);
    assert.equal(next?.lost.name, "w-2");
    assert.equal(next?.outcome?.winner.name, "w-3");
  });

  it("has words for every step that name the workers and their pids", () => {
    const failover = startOf(elected);
    const say = (step: "lost" | "election" | "epoch" | "replacement" | "healed", decided = false) =>
      narrate(failover, { step, decided });
    assert.match(say("lost"), /w-1 \(pid 1010\) is gone/);
    assert.match(say("election"), /1020, 1030/);
    assert.match(say("election", true), /w-2 has the lowest pid, 1020/);
    assert.match(say("epoch"), /epoch 8, 312 ms after the loss/);
    assert.match(say("healed"), /No acknowledged write was lost/);
  });
});

describe("the picture during a failover", () => {
  const looksAt = (now: ClusterStatus, ms: number) => {
    const { workers, masterZnode } = stageOf(now, startOf(now), ms);
    return { looks: Object.fromEntries(workers.map(({ key, look }) => [key, look])), masterZnode };
  };

  it("shows the lost master dying in its place though it is no longer reported", () => {
    const stage = stageOf(noMaster, startOf(noMaster), nowMs);
    const dying = stage.workers.find(({ key }) => key === "c-w-1");
    assert.deepEqual({ look: dying?.look, place: dying?.place }, { look: "dying", place: "master" });
    assert.equal(stage.masterZnode, null);
  });

  it("keeps the winner among the slaves until the election was told", () => {
    const { looks, masterZnode } = looksAt(elected, nowMs + pace.lostMs);
    assert.deepEqual(looks, { "c-w-2": "candidate", "c-w-3": "candidate" });
    assert.equal(masterZnode, null);
  });

  it("marks the lowest pid, then crowns it", () => {
    assert.equal(looksAt(elected, electionEndMs - 1).looks["c-w-2"], "chosen");
    const epoch = looksAt(elected, electionEndMs);
    assert.equal(epoch.looks["c-w-2"], "crowned");
    assert.equal(epoch.masterZnode, "w-2");
  });

  it("lets the replacement in when the story has got so far", () => {
    assert.equal("c-new" in looksAt(elected, electionEndMs).looks, false);
    assert.equal(looksAt(elected, epochEndMs).looks["c-new"], "starting");
  });

  it("has a place for every slave that shall be, taken or not", () => {
    const { slavePlaces, workers } = stageOf(elected, null, nowMs);
    assert.equal(slavePlaces, 2);
    const alone = stageOf(status([master("w-1")], { desiredSlaves: 3 }), null, nowMs);
    assert.equal(alone.slavePlaces, 3);
    assert.deepEqual(
      workers.map(({ name, place }) => [name, place]),
      [
        ["w-1", 0],
        ["w-2", "master"],
        ["w-3", 1],
      ],
    );
  });
});
