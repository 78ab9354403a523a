// PURE: which workers the picture shows, where, and how. Ordinarily those of the status; while a failover is told, those of
// the moment that is being told. A worker is known by its container: the replacement often bears the dead one's name.
import type { ClusterStatus, WorkerStatus } from "../../core/state/status.ts";
import { type Failover, type Scene, sceneOf } from "./failover.ts";

export type Look =
  | WorkerStatus["state"]
  /** The old master while its loss is told. */
  | "dying"
  | "candidate"
  /** The candidate with the lowest pid. */
  | "chosen"
  /** The new master while its epoch is told. */
  | "crowned";

export interface StagedWorker {
  readonly key: string;
  readonly name: string;
  readonly pid: number | null;
  readonly look: Look;
  /** The master's place, or the number of a slave's. */
  readonly place: "master" | number;
  readonly lag: number;
  readonly position: number;
  readonly served: number;
}

export interface Stage {
  readonly workers: readonly StagedWorker[];
  /** Places for slaves: those that are there, and those that shall be. */
  readonly slavePlaces: number;
  readonly scene: Scene | null;
  /** The name in the master znode, as far as it is told. */
  readonly masterZnode: string | null;
  readonly epoch: number;
}

export function stageOf(status: ClusterStatus, failover: Failover | null, nowMs: number): Stage {
  const scene = failover === null ? null : sceneOf(failover, nowMs);
  const present = status.workers.filter(
    ({ state, container }) => state !== "dead" || container === failover?.lost.container,
  );
  const looks = present.flatMap((worker) => {
    const look = lookOf(worker, failover, scene);
    return look === null ? [] : [{ worker, look }];
  });
  if (failover !== null && scene?.step === "lost" && !looks.some(({ look }) => look === "dying"))
    looks.push({ worker: ghostOf(failover), look: "dying" });
  const workers = placed(looks);
  const slaves = workers.filter(({ place }) => place !== "master").length;
  const told =
    scene === null || scene.step === "epoch" || scene.step === "replacement" || scene.step === "healed";
  return {
    workers,
    slavePlaces: Math.max(slaves, status.desiredSlaves),
    scene,
    masterZnode: told ? (workers.find(({ place }) => place === "master")?.name ?? null) : null,
    epoch: told ? status.epoch : (failover?.epochBefore ?? status.epoch),
  };
}

interface Looking {
  readonly worker: WorkerStatus;
  readonly look: Look;
}

/** @returns null for one that is not in the picture (any more) */
function lookOf(worker: WorkerStatus, failover: Failover | null, scene: Scene | null): Look | null {
  if (failover === null || scene === null) return worker.state;
  if (worker.container === failover.lost.container) return scene.step === "lost" ? "dying" : null;
  const isNew =
    !failover.present.includes(worker.container) && worker.container !== failover.outcome?.winner.container;
  if (isNew && scene.step !== "replacement" && scene.step !== "healed") return null;
  const isWinner = worker.container === failover.outcome?.winner.container;
  const isCandidate = failover.candidates.some(({ container }) => container === worker.container);
  if (scene.step === "lost") return isWinner ? "slave" : worker.state;
  if (scene.step === "election")
    return isCandidate ? (isWinner && scene.decided ? "chosen" : "candidate") : worker.state;
  return scene.step === "epoch" && isWinner ? "crowned" : worker.state;
}

const ghostOf = ({ lost }: Failover): WorkerStatus => ({
  ...lost,
  host: "",
  state: "dead",
  epoch: 0,
  position: 0,
  lag: 0,
  lagMs: 0,
  readsServed: 0,
  writesServed: 0,
  sinceMs: 0,
});

const masterLooks: readonly Look[] = ["master", "dying", "crowned"];

function placed(looks: readonly Looking[]): readonly StagedWorker[] {
  const byName = [...looks].sort((a, b) =>
    a.worker.name.localeCompare(b.worker.name, "en", { numeric: true }),
  );
  let next = 0;
  return byName.map(({ worker, look }) => ({
    key: worker.container,
    name: worker.name,
    pid: worker.pid,
    look,
    place: masterLooks.includes(look) ? "master" : next++,
    lag: worker.lag,
    position: worker.position,
    served: look === "master" || look === "crowned" ? worker.writesServed : worker.readsServed,
  }));
}
