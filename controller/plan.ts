// PURE, the middle of a cycle: (desired, observed, memory) -> what to do, in order. Whatever a dead worker still holds in
// ZooKeeper goes first: until then nobody can take its place. Its own znode goes before the master's, or the others would
// find a dead candidate among themselves and wait for it.
import type { Action } from "./action.ts";
import { endUnhealthy } from "./health.ts";
import type { Intent } from "./intent.ts";
import type { Memory } from "./memory.ts";
import { workerName } from "./names.ts";
import { outdatedOf, replaceOutdated, workersWhileReplacing } from "./replace.ts";
import { answerWishes } from "./wishes.ts";
import { isDead, isLive, isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

const whilePaused: ReadonlySet<Action["kind"]> = new Set([
  "publishSpec",
  "moveWindow",
  "settleWish",
  "refuseWish",
  "removeWish",
  "writePid",
]);

/** One thing at a time: nobody is replaced in a cycle that starts or ends another. */
const movesWorkers: ReadonlySet<Action["kind"]> = new Set([
  "forgetMaster",
  "forgetWorker",
  "grantWish",
  "kill",
  "removeContainer",
  "drain",
  "startWorker",
]);

export function plan(intent: Intent, observed: Observed, memory: Memory): readonly Action[] {
  const { spec } = intent;
  const workersWanted = workersWhileReplacing(intent, observed);
  const actions: readonly Action[] = [
    ...forgetDead(observed),
    ...record(intent, observed),
    ...answerWishes(observed, { paused: spec.paused, askerGoneMs: spec.requests.timeoutMs }),
    ...tellPids(observed),
    ...endUnhealthy(observed, memory, spec),
    ...clearAway(observed),
    ...scaleIn(workersWanted, intent.specHash, observed),
    ...scaleOut(intent.desired.workers, observed, memory),
  ];
  if (spec.paused) return actions.filter(({ kind }) => whilePaused.has(kind));
  if (actions.some(({ kind }) => movesWorkers.has(kind))) return actions;
  const successor = () => scaleOut(workersWanted, observed, memory);
  return [...actions, ...replaceOutdated(intent, observed, memory, successor)];
}

function forgetDead(observed: Observed): readonly Action[] {
  const { master, nodes } = observed;
  const forget = nodes
    .filter((node) => isDead(observed, node))
    .map(({ name, container }): Action => {
      const view = observed.workers.find((one) => one.container.shortId === container);
      const killed = master?.container === container && wasKilled(view);
      return { kind: "forgetWorker", worker: name, container, killed };
    });
  if (master === null || !isDead(observed, master)) return forget;
  return [...forget, { kind: "forgetMaster", worker: master.name, container: master.container }];
}

/** What a process ends with whose SIGKILL it was; a request that brings a worker down makes it end in other ways. */
const exitOfKilled = 137;

/**
 * By somebody outside. Not by the controller for being blocked: a worker that hangs loses its znode first, and one that
 * drains may be held up by a request. It matters for a master: the writes of a commit share its fate, while a read is
 * begun alone when it is suspected.
 */
const wasKilled = (view: WorkerView | undefined): boolean =>
  view?.container.exitCode === exitOfKilled && !view.container.outOfMemory && view.drain === null;

function record({ specNode, window, windowsEnded }: Intent, observed: Observed): readonly Action[] {
  const actions: Action[] = [];
  if (observed.spec?.generation !== specNode.generation)
    actions.push({ kind: "publishSpec", node: specNode });
  if (window !== null && window !== observed.window)
    actions.push({ kind: "moveWindow", node: window, ended: windowsEnded });
  return actions;
}

const tellPids = ({ workers }: Observed): readonly Action[] =>
  workers
    .filter((view) => isRunning(view) && !view.pidKnown)
    .map((view) => ({ kind: "writePid", target: targetOf(view) }));

/** What dead workers leave behind: containers, and marks that must not fall on a successor of the same name. */
function clearAway({ workers, pids, draining }: Observed): readonly Action[] {
  const running = workers.filter(isRunning);
  const dead = workers.filter(({ phase }) => phase === "dead");
  const runs = (name: string): boolean => running.some((view) => view.name === name);
  // A mark on a master, or on an earlier container of that name, means nobody.
  const drains = (name: string): boolean =>
    running.some((view) => view.name === name && view.phase === "draining" && view.drain !== null);
  return [
    ...dead.map(
      (view): Action => ({
        kind: "removeContainer",
        worker: view.name,
        id: view.container.id,
        exitCode: view.container.exitCode,
        outOfMemory: view.container.outOfMemory,
        drained: view.drain !== null,
      }),
    ),
    ...[...pids.keys()]
      .filter((name) => !runs(name))
      .map((worker): Action => ({ kind: "removePid", worker })),
    ...[...draining.keys()]
      .filter((name) => !drains(name))
      .map((worker): Action => ({ kind: "removeDrain", worker })),
  ];
}

/**
 * Lowers the number of slaves. Never while there is no master: whoever is elected must not be a victim. One that is not
 * ready goes before one that serves, one that is to be replaced anyway before one that is not; among equals the highest
 * pid goes first.
 */
function scaleIn(workersDesired: number, specHash: string | null, { workers }: Observed): readonly Action[] {
  const live = workers.filter(isLive);
  if (!live.some(({ phase }) => phase === "master")) return [];
  const isOutdated = (view: WorkerView): boolean => outdatedOf(specHash, view) !== null;
  const surplus = live.length - workersDesired;
  return live
    .filter(({ phase, impostor }) => phase !== "master" && !impostor)
    .sort(
      (a, b) =>
        Number(a.phase === "slave") - Number(b.phase === "slave") ||
        Number(isOutdated(b)) - Number(isOutdated(a)) ||
        b.container.pid - a.container.pid,
    )
    .slice(0, Math.max(0, surplus))
    .map((view) => ({ kind: "drain", target: targetOf(view) }));
}

/** Starts what is missing, under the lowest free names, so that a dead worker's name and volume are used again. */
function scaleOut(
  workersDesired: number,
  observed: Observed,
  memory: Memory,
): readonly (Action & { kind: "startWorker" })[] {
  const missing = workersDesired - observed.workers.filter(isLive).length;
  const replaced = new Set(
    observed.workers.filter(({ phase, drain }) => phase === "dead" && drain === null).map(({ name }) => name),
  );
  return freeNames(Math.max(0, missing), observed)
    .filter((name) => (memory.failures.get(name)?.notBeforeMs ?? 0) <= observed.nowMs)
    .filter((name) => !isGoing(name, observed))
    .map((worker) => ({ kind: "startWorker", worker, replaces: replaced.has(worker) }) as const);
}

/** How long a container may take to be removed before its name is given up. */
const goingMs = 10_000;

/** Somebody removes its container at this moment: its name is worth waiting for. */
const isGoing = (name: string, { workers, wallMs }: Observed): boolean =>
  workers.some(
    (view) => view.name === name && view.phase === "going" && wallMs - view.container.finishedAtMs < goingMs,
  );

function freeNames(count: number, observed: Observed): readonly string[] {
  const taken = new Set([
    ...observed.workers
      .filter(({ phase, name }) => phase !== "dead" && !isGoing(name, observed))
      .map(({ name }) => name),
    ...observed.foreign.map(({ worker }) => worker),
  ]);
  const free: string[] = [];
  for (let ordinal = 1; free.length < count; ordinal++)
    if (!taken.has(workerName(ordinal))) free.push(workerName(ordinal));
  return free;
}
