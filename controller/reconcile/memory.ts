// PURE: what one cycle remembers for the next. It only delays: losing it (a restart) makes the controller more patient,
// never wrong. Everything else is derived from observation anew.
import { backOffMs } from "../../platform/process/back-off.ts";
import { type Head, headsAfter } from "./lag.ts";
import { type LastRole, rolesAfter } from "./roles.ts";
import { isDead, isReady, isRunning, type Observed, type WorkerView } from "./workers.ts";

export interface ContainerMemory {
  readonly worker: string;
  readonly firstSeenAtMs: number;
  /** Was in ZooKeeper at some time. */
  readonly joined: boolean;
  /** Had a complete copy, or was on its way out, at some time: its end is no failure to start. */
  readonly settled: boolean;
  readonly missingSinceMs: number | null;
  /** Since when others are in ZooKeeper and this one is not. */
  readonly missedSinceMs: number | null;
  readonly impostorSinceMs: number | null;
  /** Since when it joins without getting on, while others are ready. */
  readonly stuckSinceMs: number | null;
  /** How far its copy was when last seen, and how far it had come with what precedes the log. */
  readonly position: number;
  readonly progress: number;
  /** When the two last changed, or its process began. */
  readonly movedAtMs: number;
  /** Was asked to hand over and leave: a second signal would end it at once. */
  readonly leaving: boolean;
}

/** A worker that keeps failing before it is ready. */
export interface Failure {
  readonly count: number;
  readonly notBeforeMs: number;
  readonly reason: string;
}

export interface MasterMemory {
  readonly name: string;
  readonly container: string;
  readonly epoch: number;
  /** By the wall clock, as Docker and ZooKeeper tell their times. */
  readonly lostAtMs: number | null;
}

export interface Memory {
  readonly containers: ReadonlyMap<string, ContainerMemory>;
  readonly failures: ReadonlyMap<string, Failure>;
  /** The master as last seen, and since when it is gone. */
  readonly master: MasterMemory | null;
  /** By the ids of all containers that are there, dead ones too. */
  readonly roles: ReadonlyMap<string, LastRole>;
  /** Where the master was when, to measure the others by. */
  readonly heads: readonly Head[];
}

const backOff = { firstMs: 1_000, maxMs: 60_000, forgetAfterMs: 10 * 60_000 } as const;

export const emptyMemory: Memory = {
  containers: new Map(),
  failures: new Map(),
  master: null,
  roles: new Map(),
  heads: [],
};

export function remember(memory: Memory, observed: Observed): Memory {
  const running = observed.workers.filter(isRunning);
  const containers = new Map([
    ...running.map((view) => [view.container.id, remembered(memory, view, running, observed.nowMs)] as const),
    ...outOfSight(memory, observed),
  ]);
  return {
    containers,
    failures: failuresAfter(memory, observed, containers),
    master: masterAfter(memory, observed),
    roles: rolesAfter(memory.roles, observed),
    heads: headsAfter(memory.heads, observed),
  };
}

/** What is on a host that is away is remembered as it was seen last; being out of sight counts for nothing. */
const outOfSight = (memory: Memory, { workers }: Observed): readonly (readonly [string, ContainerMemory])[] =>
  workers.flatMap(({ phase, container }) => {
    const known = memory.containers.get(container.id);
    if (phase !== "unknown" || known === undefined) return [];
    const none = { missingSinceMs: null, missedSinceMs: null, impostorSinceMs: null, stuckSinceMs: null };
    return [[container.id, { ...known, ...none }] as const];
  });

function remembered(
  memory: Memory,
  view: WorkerView,
  running: readonly WorkerView[],
  nowMs: number,
): ContainerMemory {
  const noneThere = running.every(({ node }) => node === null);
  const someReady = running.some(isReady);
  const before = memory.containers.get(view.container.id);
  const settled = view.phase === "slave" || view.phase === "draining" || view.phase === "master";
  return {
    worker: view.name,
    firstSeenAtMs: before?.firstSeenAtMs ?? nowMs,
    joined: before?.joined === true || view.node !== null,
    settled: before?.settled === true || settled,
    missingSinceMs: view.node === null ? (before?.missingSinceMs ?? nowMs) : null,
    missedSinceMs: view.node === null && !noneThere ? (before?.missedSinceMs ?? nowMs) : null,
    impostorSinceMs: view.impostor ? (before?.impostorSinceMs ?? nowMs) : null,
    stuckSinceMs: stuckSince(view, someReady, before, nowMs),
    position: view.node?.position ?? 0,
    progress: view.node?.progress ?? 0,
    movedAtMs: hasMoved(view, before) ? nowMs : (before?.movedAtMs ?? nowMs),
    leaving: before?.leaving === true,
  };
}

/**
 * A long log, a large snapshot and a large file take their time: a worker that makes progress is not stuck, nor is one that says
 * what it waits for. While no worker is ready the cause lies outside.
 */
function stuckSince(
  { phase, node }: WorkerView,
  someReady: boolean,
  before: ContainerMemory | undefined,
  nowMs: number,
): number | null {
  if (phase !== "joining" || !someReady) return null;
  const getsOn = before?.position !== node?.position || before?.progress !== (node?.progress ?? 0);
  return getsOn || node?.waiting !== undefined ? nowMs : (before?.stuckSinceMs ?? nowMs);
}

const hasMoved = ({ node }: WorkerView, before: ContainerMemory | undefined): boolean =>
  node !== null && (before?.position !== node.position || before?.progress !== (node.progress ?? 0));

function failuresAfter(
  memory: Memory,
  { nowMs, workers }: Observed,
  running: ReadonlyMap<string, ContainerMemory>,
): ReadonlyMap<string, Failure> {
  let failures = new Map(memory.failures);
  for (const [id, { worker, settled, stuckSinceMs }] of memory.containers) {
    if ((settled && stuckSinceMs === null) || running.has(id)) continue;
    const ended = workers.find(({ container }) => container.id === id)?.container.endedWith;
    const how = ended === undefined ? "its container is gone" : `it ended with ${ended}`;
    const state = stuckSinceMs === null ? "not ready yet" : "joining the log";
    failures = withFailure(failures, worker, `${state}, ${how}`, nowMs);
  }
  for (const { name, phase } of workers) if (phase === "slave" || phase === "master") failures.delete(name);
  for (const [name, { notBeforeMs }] of failures)
    if (nowMs - notBeforeMs > backOff.forgetAfterMs) failures.delete(name);
  return failures;
}

function withFailure(
  failures: ReadonlyMap<string, Failure>,
  worker: string,
  reason: string,
  nowMs: number,
): Map<string, Failure> {
  const count = (failures.get(worker)?.count ?? 0) + 1;
  const delayMs = backOffMs(backOff, count);
  return new Map(failures).set(worker, { count, notBeforeMs: nowMs + delayMs, reason });
}

/** A start that failed outright counts like a worker that never got ready. */
export const startFailed = (memory: Memory, worker: string, reason: string, nowMs: number): Memory => ({
  ...memory,
  failures: withFailure(memory.failures, worker, reason, nowMs),
});

/** Told at once, because a container may be dead again before it is ever observed running. */
export const started = (memory: Memory, worker: string, id: string, nowMs: number): Memory => ({
  ...memory,
  containers: new Map(memory.containers).set(id, {
    worker,
    firstSeenAtMs: nowMs,
    joined: false,
    settled: false,
    missingSinceMs: nowMs,
    missedSinceMs: null,
    impostorSinceMs: null,
    stuckSinceMs: null,
    position: 0,
    progress: 0,
    movedAtMs: nowMs,
    leaving: false,
  }),
});

export function askedToLeave(memory: Memory, id: string): Memory {
  const known = memory.containers.get(id);
  if (known === undefined) return memory;
  return { ...memory, containers: new Map(memory.containers).set(id, { ...known, leaving: true }) };
}

function masterAfter(memory: Memory, observed: Observed): MasterMemory | null {
  const last = observed.master ?? memory.master;
  if (last === null) return null;
  const { name, container, epoch } = last;
  const before = memory.master?.epoch === epoch ? memory.master.lostAtMs : null;
  if (observed.master !== null && !isDead(observed, last)) return { name, container, epoch, lostAtMs: null };
  const seen = observed.workers.find((view) => view.container.shortId === container && !isRunning(view));
  return { name, container, epoch, lostAtMs: before ?? (seen?.container.finishedAtMs || observed.wallMs) };
}
