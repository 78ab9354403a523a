// What a worker process counts over all its sessions, and what it tells Prometheus of it.

import type { WorkerState } from "../core/state/worker-state.ts";
import { Distribution, latencyScale, sizeScale } from "../platform/telemetry/distribution.ts";
import { Metrics } from "../platform/telemetry/metrics.ts";

/** What the worker is at the moment, and how far its copy is. */
export interface Standing {
  readonly state: WorkerState;
  readonly epoch: number;
  readonly position: number;
}

const states: readonly WorkerState[] = ["joining", "slave", "draining", "master"];
const ms = 0.001;

export class Measures {
  reads = 0;
  writes = 0;
  sessions = 0;
  snapshotsTaken = 0;
  recordsApplied = 0;
  /** From the writing of the last applied record, by its master's clock, to its being in this copy. */
  applyDelayMs = 0;
  readonly commitTimes = new Distribution(latencyScale);
  readonly commitSizes = new Distribution(sizeScale);
  readonly readTimes = new Distribution(latencyScale);
  standing: () => Standing = () => ({ state: "joining", epoch: 0, position: 0 });
}

export function workerMetrics(worker: string, measures: Measures): Metrics {
  const metrics = new Metrics({ program: "worker", worker });
  metrics.gauge("dbaas_worker_state", "1 for the state the worker is in", () => {
    const { state } = measures.standing();
    return states.map((one) => ({ labels: { state: one }, value: one === state ? 1 : 0 }));
  });
  metrics.gauge("dbaas_worker_epoch", "Epoch of the last applied record", () => measures.standing().epoch);
  metrics.gauge(
    "dbaas_worker_position",
    "Log position of the copy; the master's minus a slave's is its lag",
    () => measures.standing().position,
  );
  metrics.gauge(
    "dbaas_worker_apply_delay_seconds",
    "From a record's writing to its being in this copy, for the last one",
    () => measures.applyDelayMs * ms,
  );
  metrics.counter(
    "dbaas_worker_lives_total",
    "Sessions begun: more than one means that connections were lost",
    () => measures.sessions,
  );
  metrics.counter("dbaas_worker_reads_total", "Reads answered", () => measures.reads);
  metrics.counter("dbaas_worker_writes_total", "Writes answered as master", () => measures.writes);
  metrics.counter(
    "dbaas_worker_records_applied_total",
    "Records of the log applied as slave",
    () => measures.recordsApplied,
  );
  metrics.counter(
    "dbaas_worker_snapshots_total",
    "Snapshots taken from another worker",
    () => measures.snapshotsTaken,
  );
  measureTimes(metrics, measures);
  return metrics;
}

function measureTimes(metrics: Metrics, measures: Measures): void {
  metrics.histogram(
    "dbaas_worker_commit_seconds",
    "One group commit, from the first statement to the disk",
    ms,
    () => [{ distribution: measures.commitTimes }],
  );
  metrics.histogram("dbaas_worker_commit_writes", "Writes in one group commit", 1, () => [
    { distribution: measures.commitSizes },
  ]);
  metrics.histogram(
    "dbaas_worker_read_batch_seconds",
    "One batch of reads, from the queue to its last answer",
    ms,
    () => [{ distribution: measures.readTimes }],
  );
}
