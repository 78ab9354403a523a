// Every path in ZooKeeper and what stands there. Payloads are JSON, written by our own programs only.
import type { Schema } from "../schema.ts";
import type { LogNode, Place } from "./log-node.ts";
import type { BackupStatus, BackupsStatus, ClusterStatus, HostPart } from "./status.ts";
import type { WorkerState } from "./worker-state.ts";

export interface Paths {
  readonly root: string;
  /** Ephemeral children by worker name: `WorkerNode`. */
  readonly workers: string;
  readonly worker: (name: string) => string;
  /** Ephemeral: `MasterNode`. Its czxid is the epoch. */
  readonly master: string;
  /**
   * A number added to the czxid to make the epoch. Absent until ZooKeeper's data was lost once: its transactions then count
   * from the beginning, and epochs must still only grow.
   */
  readonly epochBase: string;
  /** `LogNode`, written by the master: what is known to be acknowledged, and whose copy holds all of it. */
  readonly log: string;
  /** Persistent children by worker name, `CopyNode`: what the copy on each volume holds, also while no worker runs on it. */
  readonly copies: string;
  readonly copy: (name: string) => string;
  /** Ephemeral children by host name: `HostNode`, kept by the controller of each host where there are several. */
  readonly hosts: string;
  readonly host: (name: string) => string;
  /** Persistent children by worker name: `PidNode`, written by the controller. */
  readonly pids: string;
  readonly pid: (name: string) => string;
  /** Persistent children by worker name, `DrainNode`, made by the controller: the worker leaves its queues and finishes what it holds. */
  readonly draining: string;
  readonly drain: (name: string) => string;
  /** Persistent children by `noterOf` a worker's container, `SuspectsNode`: the suspected requests that it began. */
  readonly suspects: string;
  readonly suspect: (noter: string) => string;
  /** Persistent children by API id: `ReadsNode`. */
  readonly reads: string;
  /** `WindowNode`. */
  readonly window: string;
  /** Sequential children `command-…`: `Command`. */
  readonly commands: string;
  /** `ManifestNode`: on several hosts, where no file is everybody's, the operator's manifest. */
  readonly manifest: string;
  /** `SpecNode`: the manifest as last accepted. */
  readonly spec: string;
  /** `TablesNode`, written by the master: the tables there are, and what of the manifest's it could not make. */
  readonly tables: string;
  /** `RestoreNode`, while a backup is being restored. */
  readonly restore: string;
  /** `BackupsNode`, written by the API that takes the scheduled backups. */
  readonly backups: string;
  /** Ephemeral lock of that API. */
  readonly backupLock: string;
  /** `LogSpec`, written by the worker that made the log: it keeps to this for as long as it stands. */
  readonly logRetention: string;
  /** `ClusterStatus`, written by the controller. */
  readonly status: string;
  /**
   * The status's `lastCycle` alone, written at the end of every cycle, after what it tells: the status itself is only written when it
   * tells something else. Nobody watches it: whoever must know whether the controller has looked again reads it.
   */
  readonly cycle: string;
  /** `EventRecord[]`, the last ones, written by the controller. */
  readonly events: string;
  /** `{ uid }`, made once for the life of the cluster. */
  readonly uid: string;
  /** Ephemeral lock of the acting controller. */
  readonly controller: string;
}

export function pathsOf(cluster: string): Paths {
  const root = `/dbaas/${cluster}`;
  const below = (parent: string) => (name: string) => `${parent}/${name}`;
  const workers = `${root}/workers`;
  const hosts = `${root}/hosts`;
  const pids = `${root}/pids`;
  const draining = `${root}/draining`;
  const suspects = `${root}/suspects`;
  const copies = `${root}/copies`;
  return {
    root,
    workers,
    worker: below(workers),
    master: `${root}/master`,
    epochBase: `${root}/epoch-base`,
    log: `${root}/log`,
    copies,
    copy: below(copies),
    hosts,
    host: below(hosts),
    pids,
    pid: below(pids),
    draining,
    drain: below(draining),
    suspects,
    suspect: below(suspects),
    reads: `${root}/reads`,
    window: `${root}/window`,
    commands: `${root}/commands`,
    manifest: `${root}/manifest`,
    spec: `${root}/spec`,
    tables: `${root}/tables`,
    restore: `${root}/restore`,
    backups: `${root}/backups`,
    backupLock: `${root}/backup-lock`,
    logRetention: `${root}/log-retention`,
    status: `${root}/status`,
    cycle: `${root}/cycle`,
    events: `${root}/events`,
    uid: `${root}/uid`,
    controller: `${root}/controller`,
  };
}

/** Parents that must exist before anybody works; every program makes them at its start. */
export const persistentParents = (paths: Paths): readonly string[] => [
  paths.workers,
  paths.copies,
  paths.hosts,
  paths.pids,
  paths.draining,
  paths.suspects,
  paths.reads,
  paths.commands,
];

export interface WorkerNode {
  readonly name: string;
  /** The short container id, so that a node of an earlier container is not taken for this one's. */
  readonly container: string;
  /** Absent where there is but one host. */
  readonly host?: string;
  /** Made anew for every ZooKeeper session of the worker. */
  readonly guid: string;
  readonly state: WorkerState;
  /** The container's pid on its host; null until the controller has told it. */
  readonly pid: number | null;
  /** Its copy joins the log without a gap: it may be elected. */
  readonly eligible: boolean;
  readonly position: number;
  readonly epoch: number;
  /** The id of its copy. Absent until its file is open, and in the node of an earlier version. */
  readonly copyId?: string;
  /** Why it is neither ready nor eligible although its file is open; absent otherwise. */
  readonly waiting?: string;
  /** Grows while a worker that is not ready makes progress (checks its file, receives a snapshot): it must not be replaced. */
  readonly progress?: number;
  readonly readsServed: number;
  readonly writesServed: number;
  readonly sinceMs: number;
}

/** A volume's copy. */
export interface CopyNode {
  /** Null until a worker has opened it: the controller knows the volume only by its labels then. */
  readonly holds: Place | null;
  /** Absent until then, and in what an earlier version wrote. */
  readonly copyId?: string;
  readonly atMs: number;
  /** The host that the volume is on. Absent in what an earlier version wrote, and where a cluster knows only one host. */
  readonly host?: string;
}

/** What the controller of a host sees there, acting or standing by. While it stands, the host reaches ZooKeeper. */
export interface HostNode {
  readonly host: string;
  /** The id of the image that workers shall run from there; null when there is none of that name. */
  readonly image: string | null;
  /** Those that bear a worker's name. */
  readonly volumes: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  /** Containers whose processes were killed, by their short ids: from outside, or for want of memory. */
  readonly killed: Readonly<Record<string, "killed" | "outOfMemory">>;
  readonly leads: readonly ("stream" | "zookeeper")[];
  /** Its own servers that have taken no part for some time. Absent in the note of an earlier version. */
  readonly partsAway?: readonly HostPart[];
}

export interface MasterNode {
  readonly name: string;
  readonly container: string;
  readonly guid: string;
  readonly pid: number;
  /** Set once it takes writes: what is sent again before that may end up with a hung predecessor. */
  readonly atWork?: boolean;
  /** How far it knows the kinds of statements (`knownSince`). Absent in the node of a worker of an earlier version. */
  readonly statements?: number;
  /** It carries out SQL: told by workers that do not tell `statements` yet, and to APIs that do not know it. */
  readonly sql?: true;
}

/** A restore that was begun and has not ended. */
export interface RestoreNode {
  /** Another one for each time that one is begun. */
  readonly attempt: string;
  readonly atMs: number;
}

/** A scheduled backup that is whole. */
export type BackupFile = BackupStatus;

export interface BackupsNode extends BackupsStatus {
  /** In the orchestrator's container; null before the first. */
  readonly directory: string | null;
  /** Those that are in the folder, the newest first; of other hosts those that were in theirs when they last took one. */
  readonly files: readonly BackupFile[];
  readonly failuresInARow: number;
}

export interface PidNode {
  readonly pid: number;
  readonly container: string;
}

export interface DrainNode {
  readonly container: string;
  readonly atMs: number;
  /** The worker ends itself by this signal, at once, and does not drain: for engines that cannot send one. */
  readonly signal?: "SIGKILL" | "SIGTERM";
}

export interface SuspectsNode {
  readonly begun: readonly string[];
  /** The worker failed at these, and went on without them. */
  readonly blamed: readonly string[];
  /** Set by the controller: the container ended by itself, so one of the requests that were begun may have ended it. */
  readonly died?: boolean;
}

/** A worker's container by both its names: one process, over all its sessions. */
export const noterOf = (worker: string, container: string): string => `${worker}@${container}`;

export interface ReadsNode {
  /** Ever growing, never reset. */
  readonly reads: number;
  readonly firstReadAtMs: number | null;
}

export interface WindowNode {
  readonly startedAtMs: number;
  readonly readsAtStart: number;
  /** The demand of the last window that ended, null before that. */
  readonly demand: {
    readonly slaves: number;
    readonly reads: number;
    readonly endedAtMs: number;
    readonly windowMs: number;
  } | null;
}

export type CommandKind = "crashMaster" | "crashSlave" | "switchover" | "acceptLoss";

export interface Command {
  readonly kind: CommandKind;
  readonly madeAtMs: number;
  /** Of `acceptLoss`: the worker whose copy shall go on. Absent: the fullest that runs. */
  readonly copy?: string;
  /** Set by the controller before it acts, so that a command is carried out at most once across its restarts. */
  readonly chosen?: { readonly container: string; readonly name: string; readonly pid: number };
  readonly outcome?:
    | { readonly ok: true; readonly pid: number }
    | { readonly ok: false; readonly reason: string };
}

export interface ManifestNode {
  /** As the operator wrote it, comments and all. */
  readonly text: string;
  readonly atMs: number;
  /** The API process that took it, or the controller's host where it is the first one. */
  readonly by: string;
}

export interface TablesNode {
  readonly epoch: number;
  readonly schema: Schema;
  /** Tried in vain, with what the database said to it. It is tried again from time to time. */
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
}

export const toJson = (payload: unknown): string => JSON.stringify(payload);

/** Payloads are ours; an unreadable one (an operator's hand, an older version) reads as absent. */
export function fromJson<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

export type { ClusterStatus, LogNode, Place };
