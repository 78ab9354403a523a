// What one API process measured in about a second, as it tells its listeners and the dashboard draws it.
import type { ScalingSpec } from "../manifest/manifest.ts";
import type { ClusterStatus, EventRecord } from "./status.ts";

export interface KindStats {
  /** Since the process started. */
  readonly total: number;
  readonly perSecond: number;
  /** Of those, answered with a status of 500 or above. */
  readonly failedPerSecond: number;
  /** From arrival to answer, over this second; null when none was answered. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Not answered yet. */
  readonly inFlight: number;
}

/** Messages that wait; for syncQ the records it holds, about. */
export interface QueueDepths {
  readonly readQ: number;
  readonly writeQ: number;
  readonly syncQ: number;
  readonly responseQ: number;
  readonly deadQ: number;
}

export interface Stats {
  readonly atMs: number;
  readonly api: string;
  readonly reads: KindStats;
  readonly writes: KindStats;
  /** Null when the broker was not asked, or did not say. */
  readonly queues: QueueDepths | null;
  /** Whether this process reaches them; the controller is there when it holds its lock. */
  readonly reachable: {
    readonly rabbitmq: boolean;
    readonly zookeeper: boolean;
    readonly controller: boolean;
  };
  /** As the manifest says; null until the controller has accepted one. */
  readonly scaling: ScalingSpec | null;
}

/** An event with its place in the order, for `since` and `Last-Event-ID`. */
export interface NumberedEvent extends EventRecord {
  readonly id: string;
}

/** The events of the stream by their names. */
export interface StreamEvents {
  /** Once, at the start: the last samples. */
  readonly history: readonly Stats[];
  readonly stats: Stats;
  readonly status: ClusterStatus;
  /** With its id as the event's. */
  readonly event: NumberedEvent;
}
