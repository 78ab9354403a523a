// PURE, the middle of a cycle: (desired, observed, memory) -> what to do, in order. Whatever a dead worker still holds in
// ZooKeeper goes first: until then nobody can take its place. Its own znode goes before the master's, or the others would
// find a dead candidate among themselves and wait for it.
import type { Action } from "./action.ts";
import { answerCommands, type CommandRules } from "./commands.ts";
import { listCopies } from "./copies.ts";
import { acceptance, dataFinding } from "./data-complete.ts";
import { endUnhealthy } from "./health.ts";
import type { Intent } from "./intent.ts";
import type { Memory } from "./memory.ts";
import { leavingFirst } from "./placement.ts";
import { outdatedOf, replaceOutdated, workersWhileReplacing } from "./replace.ts";
import { workersToStart } from "./starts.ts";
import { verdictOn, wasKilledLeading } from "./verdict.ts";
import { isDead, isLive, isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

const whilePaused: ReadonlySet<Action["kind"]> = new Set([
  "listCopy",
  "unlistCopy",
  "publishSpec",
  "moveWindow",
  "settleCommand",
  "refuseCommand",
  "removeCommand",
  "writePid",
]);

/** One thing at a time: nobody is replaced in a cycle that starts or ends another. */
const movesWorkers: ReadonlySet<Action["kind"]> = new Set([
  "forgetMaster",
  "forgetWorker",
  "executeCommand",
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
    // Before the manifest is published: the workers begin to count the copies when they see it.
    ...listCopies(observed),
    ...record(intent, observed),
    ...answerCommands(observed, commandRules(intent, observed, memory)),
    ...tellPids(observed),
    ...endUnhealthy(observed, memory, spec),
    ...clearAway(observed, memory),
    ...scaleIn(workersWanted, intent.specHashes, observed),
    ...scaleOut(intent.desired.workers, observed, memory),
  ];
  if (spec.paused) return actions.filter(({ kind }) => whilePaused.has(kind));
  if (actions.some(({ kind }) => movesWorkers.has(kind))) return actions;
  const successor = () => scaleOut(workersWanted, observed, memory);
  return [...actions, ...replaceOutdated(intent, observed, memory, successor)];
}

function commandRules({ spec }: Intent, observed: Observed, memory: Memory): CommandRules {
  const { paused, worker, requests } = spec;
  const finding = dataFinding(observed, memory, { paused, readyWithinMs: worker.readyWithinMs });
  return {
    paused,
    askerGoneMs: requests.timeoutMs,
    acceptance: (copy) => acceptance(observed, finding, copy),
  };
}

function forgetDead(observed: Observed): readonly Action[] {
  const { master, nodes } = observed;
  const forget = nodes
    .filter((node) => isDead(observed, node))
    .map(({ name, container }): Action => {
      const view = observed.workers.find((one) => one.container.shortId === container);
      const killed = view !== undefined && wasKilledLeading(view, observed);
      return { kind: "forgetWorker", worker: name, container, killed };
    });
  if (master === null || !isDead(observed, master)) return forget;
  const { name: worker, container, guid } = master;
  return [...forget, { kind: "forgetMaster", worker, container, guid }];
}

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
function clearAway(observed: Observed, memory: Memory): readonly Action[] {
  const { workers, pids, draining } = observed;
  const running = workers.filter(isRunning);
  const dead = workers.filter(({ phase }) => phase === "dead");
  // What is on a host that is away keeps what it has.
  const mayRun = (name: string): boolean =>
    workers.some((view) => view.name === name && (isRunning(view) || view.phase === "unknown"));
  // A mark on a master, or on an earlier container of that name, means nobody.
  const drains = (name: string): boolean =>
    running.some((view) => view.name === name && view.phase === "draining" && view.drain !== null) ||
    workers.some((view) => view.name === name && view.phase === "unknown");
  return [
    ...dead.map(
      (view): Action => ({
        kind: "removeContainer",
        worker: view.name,
        host: view.container.host,
        id: view.container.id,
        ending: view.container.ending,
        endedWith: view.container.endedWith,
        drained: view.drain !== null,
        suspects: verdictOn(view, observed, memory),
      }),
    ),
    ...[...pids.keys()]
      .filter((name) => !mayRun(name))
      .map((worker): Action => ({ kind: "removePid", worker })),
    ...[...draining.keys()]
      .filter((name) => !drains(name))
      .map((worker): Action => ({ kind: "removeDrain", worker })),
  ];
}

/**
 * Lowers the number of slaves. Never while there is no master: whoever is elected must not be a victim. One that is not
 * ready goes before one that serves, one that is to be replaced anyway before one that is not; among equals one on the host
 * with the most goes first, and among those the highest pid.
 */
function scaleIn(
  workersDesired: number,
  specHashes: Intent["specHashes"],
  { workers }: Observed,
): readonly Action[] {
  const live = workers.filter(isLive);
  if (!live.some(({ phase }) => phase === "master")) return [];
  const isOutdated = (view: WorkerView): boolean => outdatedOf(specHashes, view) !== null;
  const candidates = live.filter(({ phase, impostor }) => phase !== "master" && !impostor);
  return leavingFirst(candidates, live, live.length - workersDesired, {
    before: (a, b) =>
      Number(a.phase === "slave") - Number(b.phase === "slave") ||
      Number(isOutdated(b)) - Number(isOutdated(a)),
    afterHosts: (a, b) => b.container.pid - a.container.pid,
  }).map((view) => ({ kind: "drain", target: targetOf(view) }));
}

/** Starts what is missing, and every volume that the others need. */
function scaleOut(
  workersDesired: number,
  observed: Observed,
  memory: Memory,
): readonly (Action & { kind: "startWorker" })[] {
  const missing = workersDesired - observed.workers.filter(isLive).length;
  const replaced = new Set(
    observed.workers.filter(({ phase, drain }) => phase === "dead" && drain === null).map(({ name }) => name),
  );
  const mayStart = (name: string): boolean => (memory.failures.get(name)?.notBeforeMs ?? 0) <= observed.nowMs;
  const several = observed.hosts.length > 1 ? ({ onHost: true } as const) : {};
  return workersToStart(missing, observed, mayStart).map(
    ({ worker, host }) =>
      ({ kind: "startWorker", worker, host, replaces: replaced.has(worker), ...several }) as const,
  );
}
