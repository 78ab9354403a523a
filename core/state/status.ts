// What the controller reports in the status znode after each cycle: desired and observed, in Kubernetes' manner.
import type { WorkerState } from "./worker-state.ts";

export const conditionTypes = [
  "Ready",
  "MasterAvailable",
  "DataComplete",
  "SlavesAvailable",
  "Scaling",
  "ManifestValid",
  "ManifestApplied",
  "Degraded",
  "Paused",
  // Only where the manifest asks for scheduled backups.
  "BackupRecent",
  // Only where there are several hosts.
  "HostsAvailable",
  "Redundant",
] as const;
export type ConditionType = (typeof conditionTypes)[number];

export const conditionStatuses = ["True", "False", "Unknown"] as const;

export interface StatusCondition {
  readonly type: ConditionType;
  readonly status: (typeof conditionStatuses)[number];
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  readonly sinceMs: number;
}

/** The reason of a condition that the last cycle could not observe. Values of the status are then as they were before. */
export const notObserved = "NotObserved";

export interface WorkerStatus {
  readonly name: string;
  readonly container: string;
  readonly host: string;
  readonly pid: number | null;
  /** `unknown`: its host is away. */
  readonly state: WorkerState | "starting" | "dead" | "unknown";
  readonly epoch: number;
  readonly position: number;
  /** Records behind the master. */
  readonly lag: number;
  /** For how long the master has had a record that this one has not. */
  readonly lagMs: number;
  readonly readsServed: number;
  readonly writesServed: number;
  readonly sinceMs: number;
}

/** Neither dead nor out of sight. */
export const isSeenToRun = ({ state }: Pick<WorkerStatus, "state">): boolean =>
  state !== "dead" && state !== "unknown";

/** What the copy on a worker's volume holds, as far as it is known. */
export interface CopyStatus {
  readonly worker: string;
  /** 0 and 0 for a copy that is empty, or not known. */
  readonly epoch: number;
  readonly position: number;
  /** False until a worker has opened it. */
  readonly known: boolean;
  /** Whether a worker runs on it. */
  readonly mounted: boolean;
  /** Its worker led last, and still has the copy that it had then, which holds every acknowledged write. */
  readonly lastMaster: boolean;
}

export interface FailoverRecord {
  readonly atMs: number;
  readonly from: string | null;
  readonly to: string;
  readonly epoch: number;
  /** From the moment the old master was seen dead to the new one's znode; null when that moment is unknown. */
  readonly gapMs: number | null;
}

/** A container or volume that stands where one of ours would, but is not ours: it is told, never touched. */
export interface ForeignContainer {
  readonly name: string;
  readonly reason: string;
}

/** What a host's loss would interrupt. */
export const hostRoles = ["master", "stream", "zookeeper", "controller"] as const;
export type HostRole = (typeof hostRoles)[number];

/** The cluster's own servers that each of several hosts has. */
export const hostParts = ["broker", "zookeeper"] as const;
export type HostPart = (typeof hostParts)[number];

export interface HostStatus {
  readonly name: string;
  readonly number: number;
  /** False while it is away: it cannot be seen, which does not mean that it is dead. */
  readonly reachable: boolean;
  /** Since when; 0 when that is not known. */
  readonly sinceMs: number;
  /** That run there, or may. */
  readonly workers: number;
  readonly leads: readonly HostRole[];
  /** Its own servers that take no part though it is reachable. Absent in what an earlier version told. */
  readonly partsAway?: readonly HostPart[] | undefined;
  /** In words; empty while it is away. */
  readonly lossWouldCost: string;
}

/** Something the controller did or decided, kept for operators. */
export interface EventRecord {
  readonly atMs: number;
  readonly reconcile: string;
  readonly severity: "info" | "warning";
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  readonly worker: string | null;
}

/** Of the scheduled backups. */
export interface BackupsStatus {
  readonly lastGood: BackupStatus | null;
  /** Of the last try; null when it succeeded. */
  readonly failure: { readonly atMs: number; readonly reason: string } | null;
  /** All there ever were. */
  readonly failures: number;
}

export interface BackupStatus {
  readonly name: string;
  /** When the copy was there: everything in it was written before. */
  readonly atMs: number;
  readonly position: number;
  readonly bytes: number;
  /** The one that has it; absent where there is only one, and in what an earlier version told. */
  readonly host?: string | undefined;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly desiredSlaves: number;
  /** In words: `21 reads in 2m0s -> 2 slaves`. */
  readonly desiredReason: string;
  readonly readySlaves: number;
  readonly master: string | null;
  readonly epoch: number;
  readonly workers: readonly WorkerStatus[];
  readonly hosts: readonly HostStatus[];
  readonly copies: readonly CopyStatus[];
  readonly window: {
    readonly reads: number;
    readonly startedAtMs: number;
    readonly endsAtMs: number;
  } | null;
  readonly conditions: readonly StatusCondition[];
  /** Null where none is taken by the manifest, and none was. */
  readonly backups: BackupsStatus | null;
  readonly foreign: readonly ForeignContainer[];
  readonly failovers: readonly FailoverRecord[];
  readonly lastCycle: { readonly id: string; readonly atMs: number; readonly tookMs: number };
}
