// PURE: containers and znodes joined into one view per worker. Everything the plan decides, it decides on these.
import type { DrainNode, PidNode, WorkerNode } from "../../core/state/znodes.ts";
import type { ContainerSeen, EngineView, RegistryView, Target } from "../ports.ts";

/** Two clocks: one that never jumps, to measure by; and the one on the wall, to compare with what others wrote. */
export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

export interface Observed extends RegistryView, Moment {
  readonly workers: readonly WorkerView[];
  readonly hosts: EngineView["hosts"];
  readonly volumes: EngineView["volumes"];
  readonly foreign: EngineView["foreign"];
}

/**
 * `dead`: its container does not run. `starting`: runs, not in ZooKeeper. `joining`: there, without a complete copy.
 * `going`: its container is being removed by somebody. `unknown`: its host is away, and it is not in ZooKeeper either.
 */
export type Phase = "dead" | "going" | "unknown" | "starting" | "joining" | "slave" | "draining" | "master";

export interface WorkerView {
  readonly name: string;
  readonly container: ContainerSeen;
  readonly phase: Phase;
  /** Only the ones that belong to this very container. */
  readonly node: WorkerNode | null;
  readonly drain: DrainNode | null;
  readonly pidKnown: boolean;
  /** Calls itself master while the master znode names another. */
  readonly impostor: boolean;
}

/** Whether it takes part: runs, and is not on its way out. */
export const isLive = ({ phase }: WorkerView): boolean => isRunningPhase(phase) && phase !== "draining";

/** Serves, or leads. */
export const isReady = ({ phase }: WorkerView): boolean => phase === "slave" || phase === "master";

export const isRunning = ({ phase }: WorkerView): boolean => isRunningPhase(phase);

const isRunningPhase = (phase: Phase): boolean =>
  phase !== "dead" && phase !== "going" && phase !== "unknown";

export const targetOf = ({ name, container }: WorkerView): Target => ({
  worker: name,
  host: container.host,
  id: container.id,
  container: container.shortId,
  pid: container.pid,
});

export function observedOf(engine: EngineView, registry: RegistryView, moment: Moment): Observed {
  const workers = engine.ours.map((container) => viewOf(container, registry));
  const { hosts, volumes, foreign } = engine;
  return { ...registry, ...moment, workers, hosts, volumes, foreign };
}

function viewOf(seen: ContainerSeen, registry: RegistryView): WorkerView {
  const mine = <T extends { readonly container: string }>(node: T | undefined): T | null =>
    node?.container === seen.shortId ? node : null;
  const node = mine(registry.nodes.find((one) => one.container === seen.shortId));
  const container = node === null ? seen : asItSays(seen, node);
  const mark = mine(registry.draining.get(container.worker));
  // A mark with a signal ends a worker, and does not drain it.
  const drain = mark?.signal === undefined ? mark : null;
  const pidNode: PidNode | null = mine(registry.pids.get(container.worker));
  const isMaster = registry.master?.container === container.shortId;
  return {
    name: container.worker,
    container,
    phase: phaseOf(container, node, isMaster, drain !== null),
    node,
    drain,
    pidKnown: pidNode?.pid === container.pid,
    impostor: node?.state === "master" && registry.master !== null && !isMaster,
  };
}

/** On a host that is away a worker that keeps its session still serves, so it runs: nobody takes its place. */
const asItSays = (seen: ContainerSeen, { pid }: WorkerNode): ContainerSeen =>
  seen.state === "unknown" && pid !== null ? { ...seen, state: "running", pid } : seen;

function phaseOf(
  container: ContainerSeen,
  node: WorkerNode | null,
  isMaster: boolean,
  marked: boolean,
): Phase {
  if (container.state !== "running") return container.state;
  // A master that bears a drain mark was elected in spite of it: what it is counts.
  if (isMaster) return "master";
  if (marked || node?.state === "draining") return "draining";
  if (node === null) return "starting";
  return node.state === "slave" ? "slave" : "joining";
}

/**
 * Whether the worker that made a znode is certainly no more. A znode of a container that was never ours (somebody runs a
 * worker by hand) is nobody's business but its session's.
 */
export function isDead(
  { workers, pids }: Pick<Observed, "workers" | "pids">,
  node: { readonly name: string; readonly container: string },
): boolean {
  const view = workers.find(({ container }) => container.shortId === node.container);
  // One on a host that is away is left to its session.
  if (view !== undefined) return view.phase !== "unknown" && !isRunning(view);
  return pids.get(node.name)?.container === node.container || workers.some(({ name }) => name === node.name);
}

/** Whether a master stands that is not certainly dead. */
export const isLed = (observed: Pick<Observed, "workers" | "pids" | "master">): boolean =>
  observed.master !== null && !isDead(observed, observed.master);
