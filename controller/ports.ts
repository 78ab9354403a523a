// What the controller needs of the world outside, in its own words: an engine that runs containers, and a registry that
// remembers. The engine's adapters are docker-engine.ts and swarm-engine.ts, the registry's znode-registry.ts.
import type { LogSpec } from "../core/manifest/manifest.ts";
import type { ManifestState } from "../core/manifest/standing.ts";
import type { SpecNode, WrittenSpecNode } from "../core/state/spec-node.ts";
import type { EventRecord, ForeignContainer, HostPart } from "../core/state/status.ts";
import type {
  BackupsNode,
  ClusterStatus,
  Command,
  CopyNode,
  DrainNode,
  HostNode,
  LogNode,
  MasterNode,
  PidNode,
  Place,
  TablesNode,
  WindowNode,
  WorkerNode,
} from "../core/state/znodes.ts";

/**
 * `dead`: it does not run; that it was made and never started is no state of its own: an engine shows such a one as dead, with an
 * end in order, or not at all. `going`: being removed by somebody at this moment. `unknown`: on a host that is away, so it may run
 * or not: it is neither taken for live nor for dead.
 */
export type ContainerState = "running" | "dead" | "going" | "unknown";

/**
 * `clean`: in order, by itself or as asked. `killed`: from outside, and not for want of memory. `crashed`: by itself, in any
 * other way.
 */
export type Ending = "clean" | "killed" | "outOfMemory" | "crashed";

/** A container by all its names. */
export interface ContainerRef {
  readonly worker: string;
  readonly host: string;
  readonly id: string;
}

export interface ContainerSeen {
  readonly id: string;
  /** As workers name themselves in ZooKeeper. */
  readonly shortId: string;
  /** The worker's name, for instance `w-1`. */
  readonly worker: string;
  /** The name of the host that it runs on. */
  readonly host: string;
  readonly state: ContainerState;
  /** On its host; 0 unless running. */
  readonly pid: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  /** Null unless it is dead. */
  readonly ending: Ending | null;
  /** The same in the engine's own words, for operators: `exit code 3`. Empty unless it is dead. */
  readonly endedWith: string;
  readonly specHash: string;
}

/** A machine that containers run on. */
export interface HostSeen {
  readonly name: string;
  /** Its place among the hosts, from 1. */
  readonly number: number;
  /** False while it cannot be seen: it is away, which does not mean that anything on it has ended. */
  readonly reachable: boolean;
  /** Since when it is reachable, or away, by the wall clock; 0 when that is not known. */
  readonly sinceMs: number;
  /** The id of the image that workers shall run from there; null when it is not known, or there is none of that name. */
  readonly image: string | null;
  /** What the loss of it would interrupt beside its workers, as far as it is known. */
  readonly leads: readonly HostLead[];
  /** Its broker or its ZooKeeper server, while it takes no part though the host is reachable. */
  readonly partsAway: readonly HostPart[];
}

export type HostLead = "stream" | "zookeeper" | "controller";

export interface EngineView {
  /** All that belong to the cluster, also those that are away. */
  readonly hosts: readonly HostSeen[];
  readonly ours: readonly ContainerSeen[];
  /** The workers that have a volume of ours, whether or not one runs on it, with the reachable host that it is on. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Containers and volumes that bear our names or our cluster's label without being ours. */
  readonly foreign: readonly (ForeignContainer & { readonly worker: string | null })[];
}

export interface WorkerContainer {
  readonly name: string;
  readonly worker: string;
  readonly host: string;
  readonly image: string;
  readonly network: string;
  readonly command: readonly string[];
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly volume: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly memoryBytes: number;
  readonly pidsMax: number;
  /** Secrets of the engine, each as a file of this name in /run/secrets. */
  readonly secrets: readonly { readonly name: string; readonly file: string }[];
}

/** A running process by all that tells it from another: containers and pids are both used again. */
export interface Target extends ContainerRef {
  readonly container: string;
  readonly pid: number;
}

/** A container as it was started. */
export interface StartedContainer {
  readonly id: string;
  /** On its host. */
  readonly pid: number;
}

export type Signal = "SIGKILL" | "SIGTERM";

/** What an engine of several hosts reads and writes in ZooKeeper. */
export interface HostNotes {
  /** By host name: what the controller of each host that reaches ZooKeeper sees there. */
  hosts(): Promise<ReadonlyMap<string, HostNode>>;
  /** Has a worker end itself. */
  tellSignal(target: Target, signal: Signal): Promise<void>;
}

/** Gives the engine, once it is known by which uid it tells the cluster's containers and volumes from others. */
export interface EngineOpener {
  /**
   * The uid that the cluster's volumes and containers bear; null when there are none.
   * @throws TerminalError when they bear several
   */
  uid(notes: HostNotes): Promise<string | null>;
  open(uid: string, notes: HostNotes): Engine;
}

/** A worker's process that has ended. */
export interface EndedWorker {
  readonly worker: string;
  /** The short container id. */
  readonly container: string;
  readonly ending: Ending;
}

/** Looks at one of several hosts for that host's controller, which tells the others. */
export interface HostReporter {
  readonly name: string;
  /** Those whose containers are still there. */
  ended(): Promise<readonly EndedWorker[]>;
  look(ended: readonly EndedWorker[]): Promise<HostNode>;
  /** Until the signal fires or something breaks: one call whenever it is worth a look. */
  watch(wake: () => void, signal: AbortSignal): Promise<void>;
}

/** The operator's manifest, and every change of it. */
export interface ManifestSource {
  readonly state: ManifestState;
  onChange(wake: () => void, scope: AbortSignal): void;
}

/** The file that the manifest in ZooKeeper begins with. */
export interface FirstManifest extends ManifestSource {
  /** Of the last good one. */
  readonly text: string | null;
}

/** A process has ended, or anything else: both say that it is time to look, the first that it is urgent. */
export type EngineEvent = "death" | "change";

export interface Engine {
  /** @throws when anything about the view is uncertain: a partial view is none */
  view(): Promise<EngineView>;
  /**
   * Sees to it that the worker has its volume on its host. "new" only if it is certain that there was none.
   * @throws TerminalError when one of that name is not this cluster's
   */
  claimVolume(container: Pick<WorkerContainer, "worker" | "host" | "volume">): Promise<"new" | "existing">;
  /**
   * On a volume that was claimed.
   * @returns what `start` wants to be told
   * @throws TransientError when another container bears the name
   * @throws TerminalError when something that it is made from is missing: trying again does not bring it
   */
  create(container: WorkerContainer): Promise<string>;
  start(created: string): Promise<StartedContainer>;
  /**
   * @throws TransientError when the container no longer runs under this pid: then the decision to kill it was about another process
   */
  kill(target: Target, signal: Signal): Promise<void>;
  /** Its volume stays. One that is gone already is no error. @throws TransientError when it runs */
  remove(container: ContainerRef): Promise<void>;
  /** The end of what it wrote, for the log; empty when there is nothing. */
  lastWords(container: ContainerRef): Promise<string>;
  /** One call for each event of the cluster's containers, until the stream breaks or the signal fires. Some may never be told. */
  watch(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void>;
}

export interface SeenMaster extends MasterNode {
  readonly epoch: number;
  readonly createdAtMs: number;
}

export interface SeenCommand {
  readonly id: string;
  /** Null when it is unreadable. */
  readonly command: Command | null;
  /** Of the znode, so that a command that its client has withdrawn is never written to. */
  readonly version: number;
}

export interface SeenLog extends LogNode {
  readonly version: number;
}

export interface RegistryView {
  readonly nodes: readonly WorkerNode[];
  readonly master: SeenMaster | null;
  /** Null as long as no master has ever led in this ZooKeeper. */
  readonly log: SeenLog | null;
  readonly copies: ReadonlyMap<string, CopyNode>;
  readonly pids: ReadonlyMap<string, PidNode>;
  readonly draining: ReadonlyMap<string, DrainNode>;
  /** All reads ever counted, by all API processes. */
  readonly reads: number;
  readonly firstReadAtMs: number | null;
  readonly window: WindowNode | null;
  readonly commands: readonly SeenCommand[];
  readonly spec: WrittenSpecNode | null;
  /** Null before a master has told them. */
  readonly tables?: TablesNode | null;
  /** What the log was made with; null when that is not known. */
  readonly logRetention?: LogSpec | null;
  /** Null where none was ever tried. */
  readonly backups?: BackupsNode | null;
}

export interface ListedCopy {
  readonly worker: string;
  readonly host: string;
  readonly holds: Place | null;
}

/** "blamed": the container ended by itself, so one of them may have ended it. "cleared": it was ended from outside. */
export type SuspectsVerdict = "blamed" | "cleared";

export interface Registry {
  view(): Promise<RegistryView>;
  writeSpec(node: SpecNode): Promise<void>;
  writeWindow(node: WindowNode): Promise<void>;
  writePid(worker: string, node: PidNode): Promise<void>;
  removePid(worker: string): Promise<void>;
  writeDrain(worker: string, node: DrainNode): Promise<void>;
  removeDrain(worker: string): Promise<void>;
  /** Removes the znode of this container's worker, and no other's; before it, judges the requests that it had begun. */
  forgetWorker(worker: string, container: string, suspects: SuspectsVerdict): Promise<void>;
  /** Says what the end of a container means for the suspected requests that its worker had begun. */
  judgeSuspects(worker: string, container: string, verdict: SuspectsVerdict): Promise<void>;
  /** Removes the master znode of this very life of a worker, and no successor's. */
  forgetMaster(master: Pick<MasterNode, "container" | "guid">): Promise<void>;
  /** @returns false when the command was withdrawn or changed since it was seen in this version: then nothing may be done for it */
  writeCommand(id: string, command: Command, version: number): Promise<boolean>;
  removeCommand(id: string): Promise<void>;
  /** Notes what a copy holds. What is noted already stays, unless the volume was made anew. */
  listCopy(copy: ListedCopy, volume: "new" | "existing"): Promise<void>;
  unlistCopy(worker: string): Promise<void>;
  /** @param version null when there was no such note. @returns false when it was changed since it was seen */
  writeLog(log: LogNode, version: number | null): Promise<boolean>;
  readStatus(): Promise<ClusterStatus | null>;
  writeStatus(status: ClusterStatus): Promise<void>;
  /** Says that a cycle is over, and has told what it saw. */
  writeCycle(cycle: ClusterStatus["lastCycle"]): Promise<void>;
  readEvents(): Promise<readonly EventRecord[]>;
  writeEvents(events: readonly EventRecord[]): Promise<void>;
}
