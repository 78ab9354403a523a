// A status as the controller reports it, for tests of what the command line makes of it.
import type { ClusterStatus, ConditionType, StatusCondition } from "../../../core/state/status.ts";

export const condition = (
  type: ConditionType,
  status: StatusCondition["status"],
  message = "m",
): StatusCondition => ({ type, status, reason: "R", message, sinceMs: 0 });

export const clusterStatus = (some: Partial<ClusterStatus> = {}): ClusterStatus => ({
  cluster: "c",
  generation: 4,
  observedGeneration: 4,
  desiredSlaves: 2,
  desiredReason: "baseline -> 2 slaves",
  readySlaves: 2,
  master: "w-1",
  epoch: 1,
  workers: [],
  copies: [],
  window: null,
  conditions: [],
  hosts: [],
  backups: null,
  foreign: [],
  failovers: [],
  lastCycle: { id: "a", atMs: 0, tookMs: 1 },
  ...some,
});
