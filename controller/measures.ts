// What the controller counts of its cycles, and what it tells Prometheus: of itself, and of the cluster as it sees it.

import { type BackupStatus, type ClusterStatus, isSeenToRun } from "../core/state/status.ts";
import { type Clock, systemClock } from "../platform/process/clock.ts";
import { Distribution, latencyScale } from "../platform/telemetry/distribution.ts";
import { Metrics } from "../platform/telemetry/metrics.ts";
import type { ActionResult } from "./reconcile/act.ts";

export type CycleResult = "ok" | "actionFailed" | "notObserved";

export interface CycleDone {
  readonly tookMs: number;
  readonly result: CycleResult;
  readonly acted: readonly ActionResult[];
  readonly before: ClusterStatus | null;
  readonly after: ClusterStatus;
}

const ms = 0.001;

export class Measures {
  readonly cycleTimes = new Distribution(latencyScale);
  readonly results: Record<CycleResult, number> = { ok: 0, actionFailed: 0, notObserved: 0 };
  /** By the action's kind and whether it succeeded. */
  readonly #actions = new Map<string, { kind: string; result: string; count: number }>();
  scaledOut = 0;
  scaledIn = 0;
  failovers = 0;
  failoverGapsMs = 0;
  status: ClusterStatus | null = null;

  cycleDone({ tookMs, result, acted, before, after }: CycleDone): void {
    this.cycleTimes.observe(tookMs);
    this.results[result] += 1;
    for (const { action, error } of acted) this.#acted(action.kind, error === null ? "ok" : "failed");
    if (before !== null && after.desiredSlaves > before.desiredSlaves) this.scaledOut += 1;
    if (before !== null && after.desiredSlaves < before.desiredSlaves) this.scaledIn += 1;
    const newest = after.failovers.at(-1);
    if (newest !== undefined && before !== null && newest.epoch !== before.failovers.at(-1)?.epoch) {
      this.failovers += 1;
      this.failoverGapsMs += newest.gapMs ?? 0;
    }
    this.status = after;
  }

  get actions() {
    return [...this.#actions.values()];
  }

  #acted(kind: string, result: string): void {
    const key = `${kind} ${result}`;
    const known = this.#actions.get(key);
    if (known === undefined) this.#actions.set(key, { kind, result, count: 1 });
    else known.count += 1;
  }
}

export function controllerMetrics(measures: Measures, clock: Pick<Clock, "wallMs"> = systemClock): Metrics {
  const metrics = new Metrics({ program: "controller" });
  tellCycles(metrics, measures);
  tellCluster(metrics, () => measures.status);
  tellBackups(metrics, () => measures.status?.backups ?? null, clock);
  metrics.counter("dbaas_controller_scalings_total", "Changes of the desired slaves", () => [
    { labels: { direction: "out" }, value: measures.scaledOut },
    { labels: { direction: "in" }, value: measures.scaledIn },
  ]);
  metrics.counter("dbaas_controller_failovers_total", "Failovers seen", () => measures.failovers);
  metrics.counter(
    "dbaas_controller_failover_gap_seconds_total",
    "Time without a master, over all failovers seen",
    () => measures.failoverGapsMs * ms,
  );
  return metrics;
}

function tellCycles(metrics: Metrics, measures: Measures): void {
  metrics.histogram("dbaas_controller_cycle_seconds", "One reconcile cycle", ms, () => [
    { distribution: measures.cycleTimes },
  ]);
  metrics.counter("dbaas_controller_cycles_total", "Reconcile cycles by their result", () =>
    Object.entries(measures.results).map(([result, value]) => ({ labels: { result }, value })),
  );
  metrics.counter("dbaas_controller_actions_total", "Actions by kind and result", () =>
    measures.actions.map(({ kind, result, count }) => ({ labels: { kind, result }, value: count })),
  );
}

function tellBackups(
  metrics: Metrics,
  backups: () => ClusterStatus["backups"],
  { wallMs }: Pick<Clock, "wallMs">,
): void {
  const ofLast = (value: (last: BackupStatus) => number) => () => {
    const last = backups()?.lastGood ?? null;
    return last === null ? null : value(last);
  };
  metrics.gauge(
    "dbaas_backup_age_seconds",
    "Since the last good scheduled backup",
    ofLast(({ atMs }) => Math.max(0, wallMs() - atMs) * ms),
  );
  metrics.gauge(
    "dbaas_backup_size_bytes",
    "Of the last good scheduled backup",
    ofLast(({ bytes }) => bytes),
  );
  metrics.counter(
    "dbaas_backup_failures_total",
    "Scheduled backups that failed",
    () => backups()?.failures ?? 0,
  );
}

/** Nothing as long as this process has not seen the cluster: a standby must not tell what it does not know. */
function tellCluster(metrics: Metrics, status: () => ClusterStatus | null): void {
  const gauge = (name: string, help: string, of: (seen: ClusterStatus) => number) =>
    metrics.gauge(name, help, () => {
      const seen = status();
      return seen === null ? null : of(seen);
    });
  gauge("dbaas_slaves_desired", "Slaves that shall be", ({ desiredSlaves }) => desiredSlaves);
  gauge("dbaas_slaves_ready", "Slaves that serve reads", ({ readySlaves }) => readySlaves);
  gauge("dbaas_master_present", "1 while there is a master", ({ master }) => (master === null ? 0 : 1));
  gauge("dbaas_epoch", "The current mastership's number", ({ epoch }) => epoch);
  gauge("dbaas_manifest_generation", "Accepted edits of the manifest", ({ generation }) => generation);
  gauge("dbaas_window_reads", "Reads in the counting window so far", ({ window }) => window?.reads ?? 0);
  metrics.gauge("dbaas_condition", "1 while the condition is True, 0 while False, -1 while Unknown", () =>
    (status()?.conditions ?? []).map(({ type, status: is }) => ({
      labels: { type },
      value: is === "True" ? 1 : is === "False" ? 0 : -1,
    })),
  );
  metrics.gauge("dbaas_host_reachable", "1 while the host is reachable, 0 while it is away", () =>
    (status()?.hosts ?? []).map(({ name, reachable }) => ({
      labels: { host: name },
      value: Number(reachable),
    })),
  );
  metrics.gauge("dbaas_host_leads", "1 for each of what the host leads; its loss would interrupt that", () =>
    (status()?.hosts ?? []).flatMap(({ name, leads }) =>
      leads.map((role) => ({ labels: { host: name, role }, value: 1 })),
    ),
  );
  metrics.gauge("dbaas_host_workers", "Workers that run on the host, or may", () =>
    (status()?.hosts ?? []).map(({ name, workers }) => ({ labels: { host: name }, value: workers })),
  );
  const lags = (of: (worker: ClusterStatus["workers"][number]) => number) => () =>
    (status()?.workers ?? [])
      .filter((worker) => isSeenToRun(worker) && worker.state !== "starting")
      .map((worker) => ({ labels: { worker: worker.name }, value: of(worker) }));
  metrics.gauge(
    "dbaas_worker_lag_records",
    "Records behind the master",
    lags(({ lag }) => lag),
  );
  metrics.gauge(
    "dbaas_worker_lag_seconds",
    "For how long it has been behind the master",
    lags(({ lagMs }) => lagMs * ms),
  );
}
