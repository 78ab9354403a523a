// PURE, last step of a cycle: what is told to operators, desired and observed side by side.

import { readsInWindow } from "../../core/rules/window.ts";
import { notApplied } from "../../core/state/applied.ts";
import type { ClusterStatus, FailoverRecord, WorkerStatus } from "../../core/state/status.ts";
import { copiesOf } from "../reconcile/copies.ts";
import { dataFinding } from "../reconcile/data-complete.ts";
import type { Intent } from "../reconcile/intent.ts";
import { type Lag, lagOf } from "../reconcile/lag.ts";
import type { Memory } from "../reconcile/memory.ts";
import type { Observed, WorkerView } from "../reconcile/workers.ts";
import { conditionsOf, type Findings } from "./conditions.ts";
import { hostsStatus } from "./loss.ts";

export interface CycleFacts
  extends Omit<
    Findings,
    "desired" | "specHashes" | "data" | "backupSpec" | "notApplied" | "paused" | "failures"
  > {
  readonly cluster: string;
  readonly intent: Intent | null;
  /** Before and after this cycle's observation. */
  readonly before: Memory;
  readonly memory: Memory;
  readonly cycle: ClusterStatus["lastCycle"];
}

export const failoversMax = 20;

export function statusOf(facts: CycleFacts, previous: ClusterStatus | null): ClusterStatus {
  const { observed, intent, memory, cycle } = facts;
  const findings: Findings = {
    ...facts,
    desired: intent?.desired ?? null,
    specHashes: intent?.specHashes ?? new Map(),
    data: observed === null || intent === null ? null : dataFinding(observed, memory, dataRules(intent)),
    backupSpec: intent?.spec.backup,
    notApplied: intent === null || observed === null ? null : notApplied(intent.spec, observed),
    paused: intent?.spec.paused ?? false,
    failures: memory.failures,
  };
  const generation = intent?.specNode.generation ?? previous?.generation ?? 0;
  return {
    cluster: facts.cluster,
    generation,
    observedGeneration: observed === null ? (previous?.observedGeneration ?? 0) : generation,
    desiredSlaves: intent?.desired.slaves ?? previous?.desiredSlaves ?? 0,
    desiredReason: intent?.desired.reason ?? previous?.desiredReason ?? "no manifest was accepted yet",
    ...(observed === null ? asBefore(previous) : asSeen(observed, memory, previous)),
    window: observed === null ? (previous?.window ?? null) : windowOf(observed, intent),
    backups: observed === null ? (previous?.backups ?? null) : backupsOf(observed),
    conditions: conditionsOf(findings, previous?.conditions ?? [], cycle.atMs),
    failovers: failoversAfter(facts, previous),
    lastCycle: cycle,
  };
}

type Seen = Pick<
  ClusterStatus,
  "readySlaves" | "master" | "epoch" | "workers" | "hosts" | "copies" | "foreign"
>;

const asBefore = (previous: ClusterStatus | null): Seen => ({
  readySlaves: previous?.readySlaves ?? 0,
  master: previous?.master ?? null,
  epoch: previous?.epoch ?? 0,
  workers: previous?.workers ?? [],
  hosts: previous?.hosts ?? [],
  copies: previous?.copies ?? [],
  foreign: previous?.foreign ?? [],
});

const asSeen = (observed: Observed, memory: Memory, previous: ClusterStatus | null): Seen => ({
  readySlaves: observed.workers.filter(({ phase }) => phase === "slave").length,
  master: observed.master?.name ?? null,
  // The last known one while there is no master: it tells a failover from a first election.
  epoch: observed.master?.epoch ?? previous?.epoch ?? 0,
  workers: workersOf(observed, memory),
  hosts: hostsStatus(observed),
  copies: copiesOf(observed).map(({ worker, holds, running, lastMaster, replaced }) => ({
    worker,
    epoch: holds?.epoch ?? 0,
    position: holds?.position ?? 0,
    known: holds !== null,
    mounted: running !== null,
    lastMaster: lastMaster && !replaced,
  })),
  foreign: observed.foreign.map(({ name, reason }) => ({ name, reason })),
});

/** Made once: `localeCompare` makes one at each call. */
const byName = new Intl.Collator("en", { numeric: true });

function workersOf({ workers, nowMs }: Observed, { heads }: Memory): readonly WorkerStatus[] {
  return [...workers]
    .sort((a, b) => byName.compare(a.name, b.name))
    .map((view) => workerStatus(view, view.node === null ? null : lagOf(view.node.position, heads, nowMs)));
}

const workerStatus = ({ name, container, phase, node }: WorkerView, lag: Lag | null): WorkerStatus => ({
  name,
  container: container.shortId,
  host: container.host,
  pid: container.pid === 0 ? null : container.pid,
  state: phase === "going" ? "dead" : phase,
  epoch: node?.epoch ?? 0,
  position: node?.position ?? 0,
  lag: lag?.records ?? 0,
  lagMs: lag?.ms ?? 0,
  readsServed: node?.readsServed ?? 0,
  writesServed: node?.writesServed ?? 0,
  sinceMs: node?.sinceMs ?? container.startedAtMs,
});

function windowOf(observed: Observed, intent: Intent | null): ClusterStatus["window"] {
  if (intent?.window == null) return null;
  const { startedAtMs } = intent.window;
  return {
    reads: readsInWindow(intent.window, observed),
    startedAtMs,
    endsAtMs: startedAtMs + intent.spec.scaling.windowMs,
  };
}

function backupsOf({ backups }: Observed): ClusterStatus["backups"] {
  if (backups == null) return null;
  const { lastGood, failure, failures } = backups;
  return { lastGood, failure, failures };
}

/** A new epoch is a failover, also when it happened while no controller looked. The first election is none. */
function failoversAfter(
  { observed, before, cycle }: CycleFacts,
  previous: ClusterStatus | null,
): readonly FailoverRecord[] {
  const known = previous?.failovers ?? [];
  const master = observed?.master ?? null;
  if (master === null || previous === null || previous.epoch === 0 || previous.epoch === master.epoch)
    return known;
  const lost = before.master?.epoch === previous.epoch ? before.master : null;
  const record: FailoverRecord = {
    atMs: cycle.atMs,
    from: lost?.name ?? previous.master,
    to: master.name,
    epoch: master.epoch,
    gapMs: lost?.lostAtMs == null ? null : Math.max(0, master.createdAtMs - lost.lostAtMs),
  };
  return [...known, record].slice(-failoversMax);
}

const dataRules = ({ spec }: Intent) => ({
  paused: spec.paused,
  readyWithinMs: spec.worker.readyWithinMs,
});

/** Without what changes by itself all the time: only a change in the rest is news. */
export const newsIn = (status: ClusterStatus): string =>
  JSON.stringify({
    ...status,
    lastCycle: null,
    window: status.window === null ? null : { ...status.window, reads: 0 },
    workers: status.workers.map((worker) => ({
      ...worker,
      position: 0,
      lag: 0,
      lagMs: 0,
      readsServed: 0,
      writesServed: 0,
    })),
    copies: status.copies.map((copy) => ({ ...copy, epoch: 0, position: 0 })),
  });

/** With the counters, without the time of the cycle. */
export const countersIn = (status: ClusterStatus): string => JSON.stringify({ ...status, lastCycle: null });
