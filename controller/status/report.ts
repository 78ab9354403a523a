// PURE: one cycle in words. The same sentences make the log line, and the events that operators read later.
import { messageOf } from "../../core/errors.ts";
import { type ClusterStatus, type EventRecord, notObserved } from "../../core/state/status.ts";
import type { ActionResult } from "../reconcile/act.ts";
import { describe, eventReason, workerOf } from "../reconcile/action.ts";
import type { Desired } from "../reconcile/desired.ts";

export interface Telling {
  /** Empty when nothing happened that anybody must know. */
  readonly sentences: readonly string[];
  readonly events: readonly EventRecord[];
  readonly errors: readonly string[];
}

type Tell = (
  message: string,
  worker: string | null,
  reason: string,
  severity?: EventRecord["severity"],
) => void;

interface Told {
  readonly sentence: string;
  readonly event: EventRecord;
}

export interface Story {
  readonly reconcile: string;
  readonly atMs: number;
  readonly desired: Desired | null;
  readonly acted: readonly ActionResult[];
  /** As told last; null at the very first cycle. */
  readonly before: ClusterStatus | null;
  readonly after: ClusterStatus;
}

export function report(story: Story): Telling {
  const { reconcile, atMs, desired, before, acted } = story;
  const told: Told[] = [];
  const tell: Tell = (message, worker, reason, severity = "info") =>
    void told.push({
      sentence: message,
      event: { atMs, reconcile, severity, reason, message: message.slice(0, messageLengthMax), worker },
    });

  if (desired !== null && desired.slaves !== before?.desiredSlaves)
    tell(scaled(desired, before), null, "Scaled");
  tellChanges(story, tell);
  const errors = tellActionResults(acted, tell);
  return { sentences: told.map(({ sentence }) => sentence), events: told.map(({ event }) => event), errors };
}

function tellActionResults(acted: readonly ActionResult[], tell: Tell): readonly string[] {
  const errors: string[] = [];
  for (const { action, error } of acted) {
    const sentence = describe(action);
    const { reason, severity } = eventReason(action);
    if (error !== null) {
      const failure = `${sentence ?? action.kind} failed: ${messageOf(error)}`;
      errors.push(failure);
      tell(failure, workerOf(action), `${reason}Failed`, "warning");
    } else if (sentence !== null) tell(sentence, workerOf(action), reason, severity);
  }
  return errors;
}

/** What came about without the controller's doing. */
function tellChanges({ before, after }: Story, tell: Tell): void {
  const stateBefore = (container: string) =>
    before?.workers.find((worker) => worker.container === container)?.state;
  for (const { name, container, pid, state } of after.workers)
    if (state === "slave" && stateBefore(container) !== "slave")
      tell(`slave ${name} (pid ${pid}) is ready`, name, "SlaveReady");
  if (after.master !== null && after.epoch !== (before?.epoch ?? 0))
    tell(elected(after), after.master, "Elected");
  for (const { name, reason } of after.foreign)
    if (!before?.foreign.some((known) => known.name === name))
      tell(`leaving ${name} alone: ${reason}`, null, "Foreign", "warning");
  tellHosts(before, after, tell);
  tellData(before, after, tell);
  const manifest = ({ conditions }: ClusterStatus) => conditions.find(({ type }) => type === "ManifestValid");
  const now = manifest(after);
  if (now?.status === "False" && (before === null || manifest(before)?.message !== now.message))
    tell(`the manifest was not taken up: ${now.message}`, null, "ManifestInvalid", "warning");
}

/** Whose workers are out of sight from now on, and since when; and that it is back. */
function tellHosts(before: ClusterStatus | null, after: ClusterStatus, tell: Tell): void {
  for (const { name, reachable, sinceMs } of after.hosts) {
    const was = before?.hosts?.find((one) => one.name === name)?.reachable ?? true;
    if (was && !reachable) {
      const unseen = after.workers.filter(({ host, state }) => host === name && state === "unknown");
      const what =
        unseen.length === 0
          ? "no worker is there"
          : `unknown are ${unseen.map((one) => one.name).join(", ")}`;
      tell(`${name} is away since ${new Date(sinceMs).toISOString()}: ${what}`, null, "HostAway", "warning");
    }
    if (!was && reachable) tell(`${name} is back`, null, "HostBack");
  }
}

/** Once when it begins and once when it ends, and when another copy is missing. */
function tellData(before: ClusterStatus | null, after: ClusterStatus, tell: Tell): void {
  const data = (status: ClusterStatus | null) =>
    status?.conditions.find(({ type }) => type === "DataComplete") ?? null;
  const [was, is] = [data(before), data(after)];
  if (is?.status === "False" && (was?.status !== "False" || was.message !== is.message))
    tell(`not all acknowledged data is there: ${is.message}`, null, "DataIncomplete", "warning");
  if (was?.status !== "False" || is === null || is.reason === notObserved) return;
  if (is.status === "True") tell(`the data is complete again: ${is.message}`, null, "DataComplete");
  if (is.status === "Unknown") tell(`no copy is missing any more: ${is.message}`, null, "CopiesFound");
}

function elected({ master, epoch, failovers, workers }: ClusterStatus): string {
  const pid = workers.find(({ name }) => name === master)?.pid ?? "unknown";
  const who = `${master} (pid ${pid}) is elected master`;
  const failover = failovers.find((record) => record.epoch === epoch);
  if (failover === undefined) return who;
  const gap = failover.gapMs === null ? "" : ` after ${Math.round(failover.gapMs)} ms`;
  return `${who}${failover.from === null ? "" : ` in place of ${failover.from}`}${gap}`;
}

/** Before the first manifest no number of slaves was desired. */
const scaled = ({ reason }: Desired, before: ClusterStatus | null): string =>
  before === null || before.generation === 0 ? reason : `${reason} (was ${before.desiredSlaves})`;

/** All events stand in one znode: 200 of 1,000 characters are far below its limit of 1 MB. */
const eventsMax = 200;
const messageLengthMax = 1_000;

export const withEvents = (
  known: readonly EventRecord[],
  added: readonly EventRecord[],
): readonly EventRecord[] => [...known, ...added].slice(-eventsMax);
