// PURE: the state of the cluster as conditions in Kubernetes' manner. Messages hold no passing time: they change only
// when something changed.
import type { BackupSpec } from "../../core/manifest/manifest.ts";
import { formatDuration } from "../../core/manifest/quantities.ts";
import { type BackupStanding, backupStanding } from "../../core/rules/backups.ts";
import type { Unapplied } from "../../core/state/applied.ts";
import {
  type BackupStatus,
  type ConditionType,
  notObserved,
  type StatusCondition,
} from "../../core/state/status.ts";
import { type DataFinding, findingInWords } from "../reconcile/data-complete.ts";
import { type Desired, slavesInWords } from "../reconcile/desired.ts";
import { awayInWords, onlyHostOf } from "../reconcile/hosts.ts";
import type { Intent } from "../reconcile/intent.ts";
import type { Failure } from "../reconcile/memory.ts";
import { outdatedOf } from "../reconcile/replace.ts";
import { isLive, isReady, type Observed, type WorkerView } from "../reconcile/workers.ts";
import { isWitnessed, partsAwayInWords, whatStopsWithOneLess } from "./loss.ts";

export interface Findings {
  /** Null when this cycle could not see for certain. */
  readonly observed: Observed | null;
  /** Null without any manifest that was ever good. */
  readonly desired: Desired | null;
  /** What workers started now are made from, by host. */
  readonly specHashes: Intent["specHashes"];
  /** Null when it is not known for certain. */
  readonly data: DataFinding | null;
  /** Undefined where no manifest is in force. */
  readonly backupSpec: BackupSpec | undefined;
  readonly paused: boolean;
  readonly manifestProblem: string | null;
  /** How what runs differs from the manifest that is in force; null when that is not known. */
  readonly notApplied: Unapplied | null;
  /** Why the newest text of the file does not count yet. */
  readonly manifestWaiting: string | null;
  readonly failures: ReadonlyMap<string, Failure>;
  /** What went wrong in this cycle. */
  readonly errors: readonly string[];
}

type Verdict = Omit<StatusCondition, "type" | "sinceMs">;

const verdict = (status: Verdict["status"], reason: string, message: string): Verdict => ({
  status,
  reason,
  message,
});

const unobserved = "the last cycle could not observe everything";

export function conditionsOf(
  findings: Findings,
  previous: readonly StatusCondition[],
  wallMs: number,
): readonly StatusCondition[] {
  const { observed, desired } = findings;
  const seen = observed === null || desired === null ? null : { observed, desired };
  // Without a look nothing is known of the manifest either.
  const unseen =
    observed !== null && desired === null
      ? verdict("Unknown", "NoManifest", "no manifest was accepted yet")
      : verdict("Unknown", notObserved, unobserved);
  const verdicts: Record<Exclude<ConditionType, SomeCondition>, Verdict> &
    Partial<Record<SomeCondition, Verdict>> = {
    Ready: seen === null ? unseen : ready(seen.observed.workers, seen.desired, findings.data),
    MasterAvailable: seen === null ? unseen : masterAvailable(seen.observed.workers),
    DataComplete: seen === null || findings.data === null ? unseen : dataComplete(findings.data),
    SlavesAvailable: seen === null ? unseen : slavesAvailable(seen.observed.workers, seen.desired),
    Scaling: seen === null ? unseen : scaling(seen.observed.workers, seen.desired, findings.specHashes),
    ManifestValid:
      findings.manifestProblem === null
        ? verdict(
            "True",
            findings.manifestWaiting === null ? "Accepted" : "ChangeWaits",
            findings.manifestWaiting ?? "the manifest is in force",
          )
        : verdict("False", "Invalid", findings.manifestProblem),
    ManifestApplied: manifestApplied(findings.notApplied),
    Degraded: degraded(findings),
    Paused: findings.paused
      ? verdict("True", "PausedByManifest", "observing and reporting only")
      : verdict("False", "Active", "acting"),
    ...backupCondition(findings, wallMs),
    ...hostConditions(observed, previous, unseen),
  };
  return (Object.entries(verdicts) as [ConditionType, Verdict][]).map(([type, found]) => {
    const before = previous.find((one) => one.type === type);
    return { type, ...found, sinceMs: before?.status === found.status ? before.sinceMs : wallMs };
  });
}

type HostCondition = "HostsAvailable" | "Redundant";
/** Not always there. */
type SomeCondition = HostCondition | "BackupRecent";

/** Nothing where there is only one host. */
function hostConditions(
  observed: Observed | null,
  previous: readonly StatusCondition[],
  unseen: Verdict,
): Partial<Record<HostCondition, Verdict>> {
  if (observed === null)
    return previous.some(({ type }) => type === "HostsAvailable")
      ? { HostsAvailable: unseen, Redundant: unseen }
      : {};
  if (observed.hosts.length < 2) return {};
  return { HostsAvailable: hostsAvailable(observed), Redundant: redundant(observed) };
}

function hostsAvailable({ hosts }: Pick<Observed, "hosts">): Verdict {
  const away = hosts.filter(({ reachable }) => !reachable);
  if (away.length > 0) return verdict("False", "HostAway", away.map(awayInWords).join("; "));
  const lacking = hosts.filter(({ partsAway }) => partsAway.length > 0);
  return lacking.length === 0
    ? verdict("True", "AllReachable", `${hosts.length} hosts are reachable`)
    : verdict("False", "PartAway", lacking.map((host) => partsAwayInWords(host)).join("; "));
}

/** Whether the service would go on after the loss of any one host. */
function redundant(observed: Observed): Verdict {
  const stops = whatStopsWithOneLess(observed);
  if (stops !== null)
    return verdict("False", "NoMajority", `the loss of one more host would stop the service: ${stops}`);
  const ready = observed.workers.filter(isReady);
  if (ready.length < 2) return verdict("False", "OneCopy", "fewer than two copies are ready");
  const host = onlyHostOf(ready);
  if (host !== null) return verdict("False", "OneHost", `all copies that are ready are on ${host}`);
  return isWitnessed(observed)
    ? verdict("True", "Spread", `${ready.length} copies are ready, on several hosts`)
    : verdict(
        "False",
        "NoWitness",
        "writes are answered when the master's disk alone has them: no worker on another host keeps up",
      );
}

const count = (workers: readonly WorkerView[], phase: WorkerView["phase"]): number =>
  workers.filter((view) => view.phase === phase).length;

function ready(workers: readonly WorkerView[], desired: Desired, data: DataFinding | null): Verdict {
  if (data?.kind === "missing") return verdict("False", "DataIncomplete", data.message);
  const slaves = count(workers, "slave");
  const what = `${slaves} of ${slavesInWords(desired.slaves)} ready`;
  if (count(workers, "master") === 0) return verdict("False", "NoMaster", `no master, ${what}`);
  return slaves >= desired.slaves
    ? verdict("True", "AllReady", `a master, ${what}`)
    : verdict("False", "SlavesMissing", `a master, ${what}`);
}

function masterAvailable(workers: readonly WorkerView[]): Verdict {
  const master = workers.find(({ phase }) => phase === "master");
  if (master !== undefined)
    return verdict("True", "Elected", `${master.name} (pid ${master.container.pid}) is master`);
  return workers.some(({ node }) => node !== null)
    ? verdict("False", "Electing", "the workers are electing a master")
    : verdict(
        "False",
        "NoCandidate",
        "no worker is in ZooKeeper: none has started yet, or none reaches the broker",
      );
}

function dataComplete(data: DataFinding): Verdict {
  const message = findingInWords(data);
  switch (data.kind) {
    case "complete":
      return verdict("True", "MasterLeads", message);
    case "missing":
      return verdict("False", data.reason, message);
    case "coming":
      return verdict("Unknown", "CopiesComing", message);
    case "open":
      return verdict("Unknown", "NoMaster", `no master leads, and ${message}`);
  }
}

function slavesAvailable(workers: readonly WorkerView[], desired: Desired): Verdict {
  const slaves = count(workers, "slave");
  const message = `${slaves} of ${slavesInWords(desired.slaves)} ready`;
  if (slaves === 0) return verdict("False", "NoneReady", message);
  return verdict("True", slaves >= desired.slaves ? "AllReady" : "SomeReady", message);
}

function scaling(
  workers: readonly WorkerView[],
  desired: Desired,
  specHashes: Intent["specHashes"],
): Verdict {
  const outdated = workers.filter(isLive).flatMap((view) => outdatedOf(specHashes, view) ?? []);
  const live = workers.filter(isLive).length;
  const draining = count(workers, "draining");
  if (live < desired.workers)
    return verdict("True", "ScalingOut", `${live} of ${desired.workers} workers run`);
  if (outdated.length > 0)
    return verdict(
      "True",
      "Replacing",
      `replacing one by one: ${outdated.map(({ worker, why }) => `${worker} ${why}`).join(", ")}`,
    );
  if (live > desired.workers || draining > 0)
    return verdict("True", "ScalingIn", `${live + draining} workers run, ${desired.workers} shall`);
  return verdict("False", "AsDesired", `${live} workers run`);
}

/** Workers that are yet to be replaced are told by Scaling. */
function manifestApplied(unapplied: Unapplied | null): Verdict {
  if (unapplied === null)
    return verdict("Unknown", "NotTold", "no master has told yet which tables there are");
  const { refused, open, retention, kept } = unapplied;
  const beside = kept.length === 0 ? "" : `; kept beside it: ${shortened(kept)}`;
  const wrong = [...refused, ...(retention === null ? [] : [retention])];
  if (wrong.length > 0)
    return verdict("False", refused.length > 0 ? "ChangeRefused" : "LogRetention", shortened(wrong));
  return open.length > 0
    ? verdict("False", "Migrating", `not made yet: ${shortened(open)}`)
    : verdict("True", "AsWritten", `what runs is what the manifest asks for${beside}`);
}

function backupCondition(
  { observed, backupSpec }: Findings,
  wallMs: number,
): Partial<Record<"BackupRecent", Verdict>> {
  if (backupSpec === undefined || backupSpec.everyMs === null) return {};
  if (observed === null) return { BackupRecent: verdict("Unknown", notObserved, unobserved) };
  const standing = backupStanding(observed.backups ?? null, backupSpec, wallMs);
  return standing === null ? {} : { BackupRecent: backupRecent(standing, backupSpec.everyMs) };
}

function backupRecent(standing: BackupStanding, everyMs: number): Verdict {
  const told = ({ name }: BackupStatus): string => `the last good one is ${name}`;
  switch (standing.kind) {
    case "recent":
      return verdict("True", "AsScheduled", told(standing.last));
    case "none":
      return verdict("False", "NoneYet", "none was taken yet");
    case "failed":
      return verdict(
        "False",
        "LastTryFailed",
        `${standing.why}; ${standing.last === null ? "there is no good one" : told(standing.last)}`,
      );
    case "old":
      return verdict(
        "False",
        "TooOld",
        `one is due every ${formatDuration(everyMs)}, and ${told(standing.last)}`,
      );
  }
}

const toldMax = 5;

function shortened(list: readonly string[]): string {
  const more = list.length - toldMax;
  return `${list.slice(0, toldMax).join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

function degraded({ errors, failures }: Findings): Verdict {
  if (errors.length > 0) return verdict("True", "CycleFailed", errors.join("; "));
  const failing = [...failures].map(
    ([name, { count: times, reason, notBeforeMs }]) =>
      `${name} failed ${times === 1 ? "once" : `${times} times`} to get ready (${reason}), next start not before ${new Date(notBeforeMs).toISOString()}`,
  );
  return failing.length > 0
    ? verdict("True", "WorkerNotReady", failing.join("; "))
    : verdict("False", "AsExpected", "nothing is wrong");
}
