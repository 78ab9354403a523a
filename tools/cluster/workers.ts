// The workers as they really are: containers by what the engine says of them, roles by what stands in ZooKeeper.
import assert from "node:assert/strict";
import { messageOf } from "../../core/errors.ts";
import type { WorkerState } from "../../core/state/worker-state.ts";
import { docker, lines } from "./command.ts";
import { seenMaster, seenWorkers } from "./registry.ts";
import { cluster } from "./settings.ts";

export interface Container {
  readonly id: string;
  /** As workers name themselves. */
  readonly shortId: string;
  /** The engine's; its volume has the same. */
  readonly containerName: string;
  /** For instance w-1. */
  readonly name: string;
  readonly pid: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Worker extends Container {
  /** Null while it is not in ZooKeeper. */
  readonly state: WorkerState | null;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Pid: number; readonly Running: boolean };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
}

/** Running containers with this cluster's label and uid label, those of others included. */
export async function labelledContainers(): Promise<readonly Container[]> {
  return (await inspectedAtOnce())
    .filter(({ State }) => State.Running)
    .map(({ Id, Name, State, Config }) => ({
      id: Id,
      shortId: Id.slice(0, 12),
      containerName: Name.slice(1),
      name: Config.Labels["dbaas.worker"] ?? "",
      pid: State.Pid,
      labels: Config.Labels,
    }));
}

/** Looks again when a container that was listed is gone before it is inspected. */
async function inspectedAtOnce(looksLeft = 5): Promise<readonly Inspected[]> {
  const ids = lines(
    await docker("ps", "--quiet", "--no-trunc", "--filter", `label=dbaas.cluster=${cluster}`),
  );
  if (ids.length === 0) return [];
  try {
    return JSON.parse(await docker("inspect", ...ids)) as readonly Inspected[];
  } catch (error) {
    if (looksLeft === 0 || !messageOf(error).includes("No such object")) throw error;
    return inspectedAtOnce(looksLeft - 1);
  }
}

/** Those that bear the name of a worker, by pid. */
export async function workers(): Promise<readonly Worker[]> {
  const containers = (await labelledContainers()).filter(
    ({ containerName, name }) => containerName === `${cluster}-${name}`,
  );
  const [nodes, master] = [await seenWorkers(), await seenMaster()];
  return containers
    .map((one): Worker => {
      const node = nodes.find((other) => other.container === one.shortId);
      const state = master?.container === one.shortId ? "master" : (node?.state ?? null);
      return { ...one, state };
    })
    .sort((a, b) => a.pid - b.pid);
}

export const mastersOf = (all: readonly Worker[]): readonly Worker[] =>
  all.filter(({ state }) => state === "master");
export const slavesOf = (all: readonly Worker[]): readonly Worker[] =>
  all.filter(({ state }) => state === "slave");

export function masterOf(all: readonly Worker[]): Worker {
  const [master, ...others] = mastersOf(all);
  assert.ok(master !== undefined && others.length === 0, `one master among ${JSON.stringify(all)}`);
  return master;
}

export const kill = async (...some: readonly { readonly id: string }[]): Promise<void> => {
  await docker("kill", ...some.map(({ id }) => id));
};
