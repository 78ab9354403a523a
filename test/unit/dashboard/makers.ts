// A small cluster as its status tells it, and what is changed of it.
import type { KindStats, NumberedEvent, Stats } from "../../../core/state/stats.ts";
import type {
  ClusterStatus,
  ConditionType,
  StatusCondition,
  WorkerStatus,
} from "../../../core/state/status.ts";

export const nowMs = 1_700_000_000_000;

export const worker = (name: string, change: Partial<WorkerStatus> = {}): WorkerStatus => ({
  name,
  container: `c-${name}`,
  host: "host1",
  pid: 1_000 + Number(name.slice(2)) * 10,
  state: "slave",
  epoch: 7,
  position: 100,
  lag: 0,
  lagMs: 0,
  readsServed: 0,
  writesServed: 0,
  sinceMs: nowMs - 60_000,
  ...change,
});

export const master = (name: string, change: Partial<WorkerStatus> = {}): WorkerStatus =>
  worker(name, { state: "master", ...change });

const healthy: Readonly<Partial<Record<ConditionType, StatusCondition["status"]>>> = {
  Ready: "True",
  MasterAvailable: "True",
  DataComplete: "True",
  SlavesAvailable: "True",
  Scaling: "False",
  ManifestValid: "True",
  ManifestApplied: "True",
  Degraded: "False",
  Paused: "False",
};

export const conditions = (
  change: Partial<Record<ConditionType, StatusCondition["status"]>> = {},
): readonly StatusCondition[] =>
  (Object.entries({ ...healthy, ...change }) as [ConditionType, StatusCondition["status"]][]).map(
    ([type, status]) => ({ type, status, reason: "Because", message: `about ${type}`, sinceMs: nowMs }),
  );

export const status = (
  workers: readonly WorkerStatus[],
  change: Partial<ClusterStatus> = {},
): ClusterStatus => ({
  cluster: "dbaas",
  generation: 1,
  observedGeneration: 1,
  desiredSlaves: workers.filter(({ state }) => state !== "master").length,
  desiredReason: "baseline -> 1 slave",
  readySlaves: workers.filter(({ state }) => state === "slave").length,
  master: workers.find(({ state }) => state === "master")?.name ?? null,
  epoch: 7,
  workers,
  copies: [],
  window: null,
  conditions: conditions(),
  hosts: [],
  backups: null,
  foreign: [],
  failovers: [],
  lastCycle: { id: "abcd", atMs: nowMs, tookMs: 10 },
  ...change,
});

const kind: KindStats = {
  total: 0,
  perSecond: 0,
  failedPerSecond: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  inFlight: 0,
};

export const stats = (atMs: number, change: Partial<Stats> = {}): Stats => ({
  atMs,
  api: "api-0",
  reads: kind,
  writes: kind,
  queues: null,
  reachable: { rabbitmq: true, zookeeper: true, controller: true },
  scaling: { baseline: 1, min: 1, max: 8, windowMs: 120_000, readsPerSlave: 20 },
  ...change,
});

export const event = (id: string): NumberedEvent => ({
  id,
  atMs: nowMs,
  reconcile: "abcd",
  severity: "info",
  reason: "Scaled",
  message: "baseline -> 1 slave",
  worker: null,
});
