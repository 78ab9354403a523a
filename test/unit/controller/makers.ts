// Small makers for worlds: a test says only what matters to it.

import type { ContainerSeen, Ending, EngineView, HostSeen, RegistryView } from "../../../controller/ports.ts";
import { desire } from "../../../controller/reconcile/desired.ts";
import type { Intent } from "../../../controller/reconcile/intent.ts";
import { emptyMemory, type Memory, remember } from "../../../controller/reconcile/memory.ts";
import { type Observed, observedOf } from "../../../controller/reconcile/workers.ts";
import type { ManifestSpec } from "../../../core/manifest/manifest.ts";
import type { WorkerState } from "../../../core/state/worker-state.ts";
import type { WindowNode, WorkerNode } from "../../../core/state/znodes.ts";
import { defaultSpec } from "../../support/default-spec.ts";

export const nowMs = 1_800_000_000_000;

export const spec = (changes: Partial<ManifestSpec> = {}): ManifestSpec => ({ ...defaultSpec, ...changes });

export const onlyHost: HostSeen = {
  name: "host1",
  number: 1,
  reachable: true,
  sinceMs: 0,
  image: "sha256:image",
  leads: [],
  partsAway: [],
};

const endedWith: Record<Ending, string> = {
  clean: "exit code 0",
  killed: "exit code 137",
  outOfMemory: "out of memory",
  crashed: "exit code 1",
};

/** Of an up-to-date worker: its parts are image, limits and settings. */
const specHash = "image-limits-settings";

export interface WorkerIs {
  readonly name: string;
  readonly pid: number;
  /** "none": its container runs, it is not in ZooKeeper. "dead": its container does not run. */
  readonly state?: WorkerState | "none" | "dead";
  /** Holds the master znode. */
  readonly leads?: boolean;
  readonly marked?: { readonly atMs: number };
  readonly pidTold?: boolean;
  readonly ending?: Ending;
  /** The only one by default. */
  readonly host?: string;
  readonly specHash?: string;
}

export const idOf = ({ name, pid }: Pick<WorkerIs, "name" | "pid">): string =>
  `${name.replace("-", "")}${pid}`.padEnd(64, "0");

export const shortOf = (worker: Pick<WorkerIs, "name" | "pid">): string => idOf(worker).slice(0, 12);

const container = (worker: WorkerIs): ContainerSeen => ({
  id: idOf(worker),
  shortId: shortOf(worker),
  worker: worker.name,
  host: worker.host ?? onlyHost.name,
  specHash: worker.specHash ?? specHash,
  state: worker.state === "dead" ? "dead" : "running",
  pid: worker.state === "dead" ? 0 : worker.pid,
  startedAtMs: nowMs - 100_000,
  finishedAtMs: worker.state === "dead" ? nowMs - 50 : 0,
  ending: worker.state === "dead" ? (worker.ending ?? "killed") : null,
  endedWith: worker.state === "dead" ? endedWith[worker.ending ?? "killed"] : "",
});

const node = (worker: WorkerIs, state: WorkerState): WorkerNode => ({
  name: worker.name,
  container: shortOf(worker),
  guid: `guid-${worker.name}`,
  state,
  pid: worker.pid,
  eligible: state !== "joining",
  position: 10,
  epoch: 1,
  readsServed: 0,
  writesServed: 0,
  sinceMs: nowMs - 90_000,
});

export const volumesOf = (workers: readonly Pick<WorkerIs, "name" | "host">[]): ReadonlyMap<string, string> =>
  new Map(workers.map(({ name, host }) => [name, host ?? onlyHost.name]));

export function observed(
  workers: readonly WorkerIs[],
  changes: Partial<RegistryView & EngineView> = {},
): Observed {
  const leader = workers.find(({ leads }) => leads);
  const { ours = workers.map(container), foreign = [], hosts = [onlyHost], ...registry } = changes;
  const volumes = changes.volumes ?? volumesOf(workers);
  return observedOf(
    { hosts, ours, volumes, foreign },
    {
      log: { broker: "b", master: leader?.name ?? "", epoch: 1, position: 10, version: 0 },
      copies: new Map(
        [...volumes.keys()].map((name) => [name, { holds: { epoch: 1, position: 10 }, atMs: nowMs }]),
      ),
      nodes: workers.flatMap((worker) =>
        worker.state === "none" || worker.state === "dead" ? [] : [node(worker, worker.state ?? "slave")],
      ),
      master:
        leader === undefined
          ? null
          : {
              name: leader.name,
              container: shortOf(leader),
              guid: "g",
              pid: leader.pid,
              epoch: 7,
              createdAtMs: nowMs - 80_000,
            },
      pids: new Map(
        workers
          .filter(({ pidTold }) => pidTold !== false)
          .map((worker) => [worker.name, { pid: worker.pid, container: shortOf(worker) }]),
      ),
      draining: new Map(
        workers.flatMap((worker) =>
          worker.marked === undefined
            ? []
            : [[worker.name, { container: shortOf(worker), atMs: worker.marked.atMs }]],
        ),
      ),
      reads: 0,
      firstReadAtMs: null,
      window: null,
      commands: [],
      spec: { generation: 3, spec: spec() },
      ...registry,
    },
    { nowMs, wallMs: nowMs },
  );
}

export const master = (name: string, pid: number): WorkerIs => ({ name, pid, state: "master", leads: true });

export const slave = (name: string, pid: number, changes: Partial<WorkerIs> = {}): WorkerIs => ({
  name,
  pid,
  state: "slave",
  ...changes,
});

export const dead = (name: string, pid: number, changes: Partial<WorkerIs> = {}): WorkerIs => ({
  name,
  pid,
  state: "dead",
  ...changes,
});

/** What a controller remembers that has watched this world for so long. */
export const watched = (world: Observed, forMs: number): Memory =>
  remember(remember(emptyMemory, { ...world, nowMs: world.nowMs - forMs }), world);

export function intent(slaves: number, changes: Partial<Intent> = {}): Intent {
  const wanted = spec({ scaling: { ...spec().scaling, baseline: slaves } });
  return {
    spec: wanted,
    specNode: { generation: 3, spec: wanted },
    specHashes: new Map([[onlyHost.name, specHash]]),
    desired: desire(wanted.scaling, null),
    window: null,
    windowsEnded: 0,
    ...changes,
  };
}

export const windowNode = (changes: Partial<WindowNode> = {}): WindowNode => ({
  startedAtMs: nowMs - 10_000,
  readsAtStart: 0,
  demand: null,
  ...changes,
});
