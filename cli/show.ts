// PURE: a snapshot of the cluster -> the text that is printed of it.
import { formatDuration } from "../core/manifest/quantities.ts";
import { noBackups } from "../core/rules/backups.ts";
import {
  type ClusterStatus,
  type CopyStatus,
  type EventRecord,
  type HostStatus,
  isSeenToRun,
  type WorkerStatus,
} from "../core/state/status.ts";
import { age, clockTime } from "./ages.ts";
import { backupsTable } from "./backups-table.ts";
import { CliError, exitCodes } from "./exit.ts";
import { forMachines, type OutputFormat } from "./output.ts";
import { table } from "./table.ts";
import type { Snapshot } from "./view.ts";

export const subjects = ["workers", "master", "slaves", "status", "events", "hosts", "backups"] as const;
export type Subject = (typeof subjects)[number];

/** Those a subject is about: all, or those in one role. */
const roles = { workers: null, master: "master", slaves: "slave" } as const;

const workersIn = (subject: keyof typeof roles, { workers }: ClusterStatus): readonly WorkerStatus[] =>
  workers.filter(({ state }) => roles[subject] === null || state === roles[subject]);

const isOfWorkers = (subject: Subject): subject is keyof typeof roles => subject in roles;

/** What Docker calls them, a line each, for its commands. @throws CliError when there is none, or of no worker */
export function namesOf(subject: Subject, { status }: Snapshot): string {
  if (!isOfWorkers(subject))
    throw new CliError(exitCodes.usage, `${subject} have no names: -o name is of workers`);
  const names = workersIn(subject, status).map(({ name }) => `${status.cluster}-${name}\n`);
  if (names.length === 0)
    throw new CliError(exitCodes.notFound, `there ${subject === "master" ? "is" : "are"} no ${subject}`);
  return names.join("");
}

export function show(subject: Subject, snapshot: Snapshot, format: OutputFormat, nowMs: number): string {
  const { status, events } = snapshot;
  const workers = isOfWorkers(subject) ? workersIn(subject, status) : status.workers;
  const hosts = hostsIn(status);
  const backups = snapshot.backups ?? noBackups;
  const values = {
    workers,
    master: workers,
    slaves: workers,
    status,
    events,
    hosts,
    backups,
  } satisfies Record<Subject, unknown>;
  const machines = forMachines(values[subject], format);
  if (machines !== null) return machines;
  const warning = snapshot.controlled
    ? ""
    : `No controller is acting. This is how things stood ${age(status.lastCycle.atMs, nowMs)} ago or later.\n\n`;
  if (isOfWorkers(subject)) return warning + workersTable(workers, nowMs, format === "wide");
  if (subject === "hosts") return warning + hostsTable(hosts, nowMs);
  if (subject === "backups") return warning + backupsTable(backups, nowMs);
  if (subject === "events") return warning + eventsTable(events);
  return warning + restoringText(snapshot, nowMs) + statusText(status, nowMs);
}

const restoringText = ({ restoringSinceMs }: Snapshot, nowMs: number): string =>
  restoringSinceMs === undefined
    ? ""
    : `A backup is being restored, or its restore was broken off (begun ${age(restoringSinceMs, nowMs)} ago): nobody else is served.\n\n`;

/** None in what an earlier version told. */
const hostsIn = ({ hosts }: Partial<Pick<ClusterStatus, "hosts">>): readonly HostStatus[] => hosts ?? [];

const hostsTable = (hosts: readonly HostStatus[], nowMs: number): string =>
  hosts.length === 0
    ? "no hosts\n"
    : table(
        ["HOST", "STATE", "SINCE", "WORKERS", "LEADS", "ITS LOSS WOULD COST"],
        hosts.map(({ name, reachable, sinceMs, workers, leads, partsAway = [], lossWouldCost }) => [
          name,
          [reachable ? "reachable" : "away", ...partsAway.map((part) => `without ${part}`)].join(", "),
          sinceMs === 0 ? "" : age(sinceMs, nowMs),
          workers,
          leads.join(", "),
          lossWouldCost,
        ]),
      );

function workersTable(workers: readonly WorkerStatus[], nowMs: number, wide: boolean): string {
  const head = ["NAME", "STATE", "PID", "POSITION", "LAG", "READS", "WRITES", "AGE"];
  const rows = workers.map((worker) => [
    worker.name,
    worker.state,
    worker.pid,
    worker.position,
    worker.lag,
    worker.readsServed,
    worker.writesServed,
    age(worker.sinceMs, nowMs),
    ...(wide ? [worker.epoch, worker.container, worker.host] : []),
  ]);
  return workers.length === 0
    ? "no workers\n"
    : table(wide ? [...head, "EPOCH", "CONTAINER", "HOST"] : head, rows);
}

export const copiesTable = (copies: readonly CopyStatus[]): string =>
  table(
    ["COPY", "EPOCH", "POSITION", "WORKER", ""],
    copies.map(({ worker, epoch, position, known, mounted, lastMaster }) => [
      worker,
      known ? epoch : "unknown",
      known ? position : "unknown",
      mounted ? "runs" : "does not run",
      lastMaster ? "led last: holds every acknowledged write" : "",
    ]),
  );

const eventsTable = (events: readonly EventRecord[]): string =>
  events.length === 0
    ? "no events\n"
    : table(
        ["TIME (UTC)", "RECONCILE", "SEVERITY", "REASON", "WORKER", "MESSAGE"],
        events.map(({ atMs, reconcile, severity, reason, worker, message }) => [
          clockTime(atMs),
          reconcile,
          severity,
          reason,
          worker,
          message,
        ]),
      );

function statusText(status: ClusterStatus, nowMs: number): string {
  const ready = status.conditions.find(({ type }) => type === "Ready");
  return [
    `Cluster ${status.cluster}: ${ready?.status === "True" ? "ready" : "not ready"}, ${ready?.message ?? "nothing is known yet"}\n`,
    desiredAndObserved(status),
    workersTable(status.workers, nowMs, false),
    hostsIn(status).length > 1 ? hostsTable(hostsIn(status), nowMs) : "",
    isMissing(status) ? copiesTable(status.copies) : "",
    table(
      ["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"],
      status.conditions.map(({ type, status: is, reason, sinceMs, message }) => [
        type,
        is,
        reason,
        age(sinceMs, nowMs),
        message,
      ]),
    ),
    windowText(status, nowMs),
    failoversText(status, nowMs),
    ...status.foreign.map(({ name, reason }) => `Left alone: ${name}, ${reason}\n`),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

const isMissing = ({ conditions }: ClusterStatus): boolean =>
  conditions.some(({ type, status }) => type === "DataComplete" && status !== "True");

function desiredAndObserved(status: ClusterStatus): string {
  const master = status.workers.find(({ state }) => state === "master");
  const running = status.workers.filter((worker) => isSeenToRun(worker) && worker.state !== "master");
  const coming = running.length - status.readySlaves;
  return table(
    ["", "DESIRED", "OBSERVED", ""],
    [
      [
        "master",
        1,
        master === undefined ? 0 : 1,
        master === undefined ? "" : `${master.name}, epoch ${status.epoch}`,
      ],
      [
        "slaves",
        status.desiredSlaves,
        status.readySlaves,
        `${status.desiredReason}${coming > 0 ? `; ${coming} starting, joining or leaving` : ""}`,
      ],
      ["manifest", status.generation, status.observedGeneration, "generations"],
    ],
  );
}

function windowText({ window }: ClusterStatus, nowMs: number): string {
  if (window === null) return "Scaling window: begins with the first read\n";
  const left = formatDuration(Math.max(0, window.endsAtMs - nowMs));
  return `Scaling window: ${window.reads} reads so far, ${left} left\n`;
}

function failoversText({ failovers }: ClusterStatus, nowMs: number): string {
  if (failovers.length === 0) return "";
  return table(
    ["FAILOVER", "FROM", "TO", "EPOCH", "GAP"],
    failovers
      .slice(-5)
      .map(({ atMs, from, to, epoch, gapMs }) => [
        `${age(atMs, nowMs)} ago`,
        from,
        to,
        epoch,
        gapMs === null ? "unknown" : `${Math.round(gapMs)}ms`,
      ]),
  );
}

/** An event on a line of its own, for a list that goes on. */
export const eventLine = ({ atMs, reason, message, severity }: EventRecord): string =>
  `${table([clockTime(atMs), severity === "warning" ? "!" : " ", reason, message], [])}`;
