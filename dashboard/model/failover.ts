// PURE: the story of one failover. The system needs a fraction of a second for what a person needs seconds to follow, so the
// page tells it slowly: the loss, the election, the new epoch; then, as it happens, the replacement catching up.
import type { ClusterStatus, WorkerStatus } from "../../core/state/status.ts";

export interface Candidate {
  readonly name: string;
  readonly container: string;
  readonly pid: number;
}

export interface Failover {
  readonly begunAtMs: number;
  readonly lost: Candidate;
  readonly epochBefore: number;
  /** The containers that were there: others come in only when the story has got so far. */
  readonly present: readonly string[];
  /** Ascending by pid: the first one wins. */
  readonly candidates: readonly Candidate[];
  /** Null until the cluster has reported a new master. */
  readonly outcome: {
    readonly winner: Candidate;
    readonly epoch: number;
    readonly gapMs: number | null;
    readonly knownAtMs: number;
  } | null;
  /** When the cluster was whole again. */
  readonly healedAtMs: number | null;
}

export type Step = "lost" | "election" | "epoch" | "replacement" | "healed";

export const steps: readonly Step[] = ["lost", "election", "epoch", "replacement", "healed"];

/** How long each step stays on the page at least. */
export const pace = {
  lostMs: 1_800,
  electionMs: 3_200,
  verdictMs: 1_400,
  epochMs: 2_600,
  replacementMs: 2_600,
  healedMs: 9_000,
} as const;

export interface Scene {
  readonly step: Step;
  /** In the election: whether the winner is marked already. */
  readonly decided: boolean;
}

export function sceneOf(failover: Failover, nowMs: number): Scene {
  const { begunAtMs, outcome, healedAtMs } = failover;
  if (nowMs < begunAtMs + pace.lostMs) return { step: "lost", decided: false };
  const electionEndsAtMs = electionEnd(failover);
  if (outcome === null || nowMs < electionEndsAtMs)
    return { step: "election", decided: outcome !== null && nowMs >= electionEndsAtMs - pace.verdictMs };
  const epochEndsAtMs = electionEndsAtMs + pace.epochMs;
  if (nowMs < epochEndsAtMs) return { step: "epoch", decided: true };
  const isHealed = healedAtMs !== null && nowMs >= epochEndsAtMs + pace.replacementMs;
  return { step: isHealed ? "healed" : "replacement", decided: true };
}

function electionEnd({ begunAtMs, outcome }: Failover): number {
  const earliest = begunAtMs + pace.lostMs + pace.electionMs;
  return outcome === null ? earliest : Math.max(earliest, outcome.knownAtMs + pace.verdictMs);
}

export function nextFailover(
  failover: Failover | null,
  before: ClusterStatus | null,
  now: ClusterStatus | null,
  nowMs: number,
): Failover | null {
  if (now === null) return null;
  const begun = before === null ? null : begin(before, now, nowMs);
  const current = begun ?? failover;
  if (current === null) return null;
  const told = heal(decide(current, now, nowMs), now, nowMs);
  return isOver(told, nowMs) ? null : told;
}

const isOver = (failover: Failover, nowMs: number): boolean =>
  failover.healedAtMs !== null &&
  sceneOf(failover, nowMs).step === "healed" &&
  nowMs >
    Math.max(failover.healedAtMs, electionEnd(failover) + pace.epochMs + pace.replacementMs) + pace.healedMs;

const masterIn = ({ workers }: ClusterStatus): WorkerStatus | undefined =>
  workers.find(({ state }) => state === "master");

function begin(before: ClusterStatus, now: ClusterStatus, nowMs: number): Failover | null {
  const lost = masterIn(before);
  if (lost === undefined || masterIn(now)?.container === lost.container) return null;
  const stillThere = (one: WorkerStatus) =>
    now.workers.some(({ container, state }) => container === one.container && state !== "dead");
  const candidates = before.workers
    .filter((one) => one.state === "slave" && stillThere(one))
    .map(candidate)
    .sort((a, b) => a.pid - b.pid);
  return {
    begunAtMs: nowMs,
    lost: candidate(lost),
    epochBefore: before.epoch,
    present: before.workers.map(({ container }) => container),
    candidates,
    outcome: null,
    healedAtMs: null,
  };
}

const candidate = ({ name, container, pid }: WorkerStatus): Candidate => ({ name, container, pid: pid ?? 0 });

function decide(failover: Failover, now: ClusterStatus, nowMs: number): Failover {
  const master = masterIn(now);
  if (failover.outcome !== null || master === undefined || now.epoch <= failover.epochBefore) return failover;
  const winner = candidate(master);
  const gapMs = now.failovers.find(({ epoch }) => epoch === now.epoch)?.gapMs ?? null;
  const known = failover.candidates.some(({ container }) => container === winner.container);
  return {
    ...failover,
    candidates: known ? failover.candidates : [winner, ...failover.candidates].sort((a, b) => a.pid - b.pid),
    outcome: { winner, epoch: now.epoch, gapMs, knownAtMs: nowMs },
  };
}

function heal(failover: Failover, now: ClusterStatus, nowMs: number): Failover {
  if (failover.outcome === null || failover.healedAtMs !== null) return failover;
  const ready = now.conditions.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? { ...failover, healedAtMs: nowMs } : failover;
}
