// What is told of the scheduled backups.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyMemory } from "../../../../controller/reconcile/memory.ts";
import { statusOf } from "../../../../controller/status/status.ts";
import type { BackupsNode } from "../../../../core/state/znodes.ts";
import { intent, master, nowMs, observed, spec } from "../makers.ts";

const facts = {
  cluster: "dbaas",
  before: emptyMemory,
  memory: emptyMemory,
  manifestProblem: null,
  manifestWaiting: null,
  errors: [],
};

describe("the condition BackupRecent", () => {
  const last = { name: "demo_1.db", atMs: nowMs - 3_600_000, position: 7, bytes: 4_096 };
  const backups = {
    directory: "/b",
    files: [last],
    lastGood: last,
    failure: null,
    failures: 0,
    failuresInARow: 0,
  };
  const everyHour = spec({ backup: { everyMs: 3_600_000, keep: 24, directory: "/backups" } });
  const recent = (node: BackupsNode | null, wallMs = nowMs, of = everyHour) => {
    const seen = { ...observed([master("w-1", 1)]), backups: node };
    const cycle = { id: "7f3a", atMs: wallMs, tookMs: 9 };
    const told = statusOf({ ...facts, cycle, observed: seen, intent: { ...intent(1), spec: of } }, null);
    const condition = told.conditions.find(({ type }) => type === "BackupRecent");
    return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
  };

  it("is told only where the manifest asks for some", () => {
    assert.equal(recent(backups, nowMs, spec()), undefined);
    assert.equal(recent(backups), "True AsScheduled: the last good one is demo_1.db");
    assert.equal(recent(null), "False NoneYet: none was taken yet");
  });

  it("is False once the last good backup is older than twice what the manifest asks for, and tells why a try failed", () => {
    assert.equal(recent(backups, last.atMs + 7_200_000)?.slice(0, 4), "True");
    assert.equal(
      recent(backups, last.atMs + 7_200_001),
      "False TooOld: one is due every 1h0m0s, and the last good one is demo_1.db",
    );
    const failure = { atMs: nowMs, reason: "the disk is full" };
    assert.equal(
      recent({ ...backups, failure, failures: 1 }),
      "False LastTryFailed: the disk is full; the last good one is demo_1.db",
    );
    assert.equal(
      recent({ ...backups, lastGood: null, failure, failures: 1 }),
      "False LastTryFailed: the disk is full; there is no good one",
    );
  });
});
