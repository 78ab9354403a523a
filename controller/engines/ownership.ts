// PURE: which containers and volumes are this cluster's. All that is ours bears labels with the cluster's name, its uid and the
// worker's name, so that what belongs together is known also when ZooKeeper's data is lost.
import { TerminalError } from "../../core/errors.ts";
import { containerName, labels, ordinalOf } from "../names.ts";
import type { EngineView } from "../ports.ts";

/** A container or a volume. */
export interface Labelled {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Owner {
  readonly cluster: string;
  readonly uid: string;
}

const workerIn = ({ labels: found }: Labelled): string => found[labels.worker] ?? "";

/** Bears the cluster's label, and the worker's name as a label and as its own name. */
const isWorkers = (one: Labelled, cluster: string): boolean =>
  one.labels[labels.cluster] === cluster &&
  ordinalOf(workerIn(one)) !== null &&
  one.name === containerName(cluster, workerIn(one));

export const isOurs = (one: Labelled, { cluster, uid }: Owner): boolean =>
  one.labels[labels.uid] === uid &&
  one.labels[labels.cluster] === cluster &&
  ordinalOf(workerIn(one)) !== null;

/**
 * A volume of another uid is not ours, whatever its name: there may be somebody's data in it.
 * @param on the host, where there are several
 * @throws TerminalError when it is not ours
 */
export function mustOwnVolume({ name, labels: found }: Labelled, uid: string, on?: string): void {
  if (found[labels.uid] === uid) return;
  const which = on === undefined ? name : `${name} on ${on}`;
  throw new TerminalError(`volume ${which} is not this cluster's: it bears another uid or none`);
}

/** The workers whose volumes exist and are ours. */
export const workersWithVolumes = (volumes: readonly Labelled[], owner: Owner): ReadonlySet<string> =>
  new Set(
    volumes
      .filter((volume) => isOurs(volume, owner) && isWorkers(volume, owner.cluster))
      .map((volume) => workerIn(volume)),
  );

const uidsOf = (found: readonly Labelled[], cluster: string): ReadonlyMap<string, readonly string[]> => {
  const names = new Map<string, string[]>();
  for (const one of found.filter((each) => isWorkers(each, cluster))) {
    const uid = one.labels[labels.uid] ?? "";
    if (uid !== "") names.set(uid, [...(names.get(uid) ?? []), one.name]);
  }
  return names;
};

/**
 * The uid of a cluster whose ZooKeeper does not know it. Volumes decide, because the data is in them; containers only when there
 * is no volume.
 * @returns null when nothing bears the cluster's labels: then it is a new one
 * @throws TerminalError when the volumes bear several uids: one of them must not be taken for all the data there is
 */
export function uidFromLabels(
  cluster: string,
  volumes: readonly Labelled[],
  containers: readonly Labelled[],
): string | null {
  const byVolume = uidsOf(volumes, cluster);
  const found = byVolume.size > 0 ? byVolume : uidsOf(containers, cluster);
  const [first, ...others] = found.keys();
  if (first === undefined) return null;
  if (others.length === 0) return first;
  const who = [...found].map(([uid, names]) => `${[...names].sort().join(", ")} of uid ${uid}`).join("; ");
  throw new TerminalError(
    `ZooKeeper holds no uid for cluster ${cluster}, and its workers' ${byVolume.size > 0 ? "volumes" : "containers"} bear several: ` +
      `${who}. Remove those that do not hold the data`,
  );
}

/** What stands under a worker's name, or with this cluster's label, without being ours. */
export function foreignAmong(
  containers: readonly Labelled[],
  volumes: readonly Labelled[],
  owner: Owner,
): EngineView["foreign"] {
  const prefix = containerName(owner.cluster, "");
  const workerNamed = (name: string): string | null => {
    const worker = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    return ordinalOf(worker) === null ? null : worker;
  };
  const others = containers
    .filter((one) => !isOurs(one, owner))
    .map(({ name, labels: found }) => ({
      name,
      worker: workerNamed(name),
      reason:
        found[labels.cluster] === owner.cluster
          ? "container with this cluster's label and another uid"
          : "container with a worker's name and without this cluster's labels",
    }));
  const otherVolumes = volumes
    .filter(({ labels: found }) => found[labels.uid] !== owner.uid)
    .map(({ name }) => ({
      name,
      worker: workerNamed(name),
      reason: "volume with a worker's name that is not this cluster's",
    }))
    .filter(({ worker }) => worker !== null);
  return [...others, ...otherVolumes].sort((a, b) => a.name.localeCompare(b.name));
}
