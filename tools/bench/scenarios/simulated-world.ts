// An engine and a registry in memory, for cycles of the controller with more workers than this machine could run. A worker
// is there the moment its container starts; nothing here takes time, so that all time is the controller's own.
import { shortId } from "../../../controller/names.ts";
import type {
  ContainerRef,
  ContainerSeen,
  Engine,
  EngineView,
  HostSeen,
  ListedCopy,
  Registry,
  RegistryView,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../../controller/ports.ts";
import type { SpecNode } from "../../../core/state/spec-node.ts";
import type { EventRecord } from "../../../core/state/status.ts";
import type { ClusterStatus, CopyNode, PidNode, WindowNode, WorkerNode } from "../../../core/state/znodes.ts";

const epoch = 7;
const firstPid = 10_000;
const host: HostSeen = {
  name: "host",
  number: 1,
  reachable: true,
  sinceMs: 0,
  image: null,
  leads: [],
  partsAway: [],
};

export class SimulatedEngine implements Engine {
  readonly #containers = new Map<string, ContainerSeen>();
  #made = 0;

  async view(): Promise<EngineView> {
    return {
      hosts: [host],
      ours: [...this.#containers.values()].map((container) => ({ ...container })),
      volumes: new Map([...this.#containers.values()].map(({ worker }) => [worker, host.name])),
      foreign: [],
    };
  }

  get running(): readonly ContainerSeen[] {
    return [...this.#containers.values()].filter(({ state }) => state === "running");
  }

  async claimVolume(): Promise<"new"> {
    return "new";
  }

  async create({ worker, labels }: WorkerContainer): Promise<string> {
    this.#made += 1;
    const id = this.#made.toString(16).padStart(64, "0").split("").reverse().join("");
    const never = { pid: 0, startedAtMs: 0, finishedAtMs: 0, ending: null, endedWith: "" } as const;
    const specHash = labels["dbaas.spec"] ?? "";
    const seen = { id, shortId: shortId(id), worker, host: host.name, specHash };
    this.#containers.set(id, { ...seen, state: "dead", ...never });
    return id;
  }

  async start(id: string): Promise<StartedContainer> {
    const pid = firstPid + this.#made;
    this.#change(id, { state: "running", pid, startedAtMs: Date.now() });
    return { id, pid };
  }

  async kill({ id }: Pick<Target, "id">): Promise<void> {
    const how = { ending: "killed", endedWith: "exit code 137" } as const;
    this.#change(id, { state: "dead", pid: 0, finishedAtMs: Date.now(), ...how });
  }

  async remove({ id }: Pick<ContainerRef, "id">): Promise<void> {
    this.#containers.delete(id);
  }

  async lastWords(): Promise<string> {
    return "";
  }

  async watch(): Promise<void> {
    // No watch is needed: the bench runs cycle after cycle.
  }

  #change(id: string, change: Partial<ContainerSeen>): void {
    const container = this.#containers.get(id);
    if (container === undefined) throw new Error(`there is no container ${id}`);
    this.#containers.set(id, { ...container, ...change });
  }
}

export class SimulatedRegistry implements Registry {
  readonly #engine: SimulatedEngine;
  readonly #pids = new Map<string, PidNode>();
  readonly #copies = new Map<string, CopyNode>();
  #spec: SpecNode | null = null;
  #window: WindowNode | null = null;
  #status: ClusterStatus | null = null;
  #events: readonly EventRecord[] = [];
  #position = 0;
  readonly #startedAtMs = Date.now();

  constructor(engine: SimulatedEngine) {
    this.#engine = engine;
  }

  async view(): Promise<RegistryView> {
    this.#position += 100;
    const [first, ...others] = this.#engine.running;
    const nodes =
      first === undefined ? [] : [first, ...others].map((seen) => this.#node(seen, seen === first));
    const master = nodes[0] ?? null;
    return {
      nodes,
      master:
        master === null ? null : { ...master, pid: master.pid ?? 0, epoch, createdAtMs: master.sinceMs },
      log:
        master === null
          ? null
          : { broker: "1", master: master.name, epoch, position: this.#position, version: 1 },
      copies: new Map(this.#copies),
      pids: new Map(this.#pids),
      draining: new Map(),
      reads: this.#position * 10,
      firstReadAtMs: this.#startedAtMs,
      window: this.#window,
      commands: [],
      spec: this.#spec,
    };
  }

  #node({ worker, shortId: container, pid, startedAtMs }: ContainerSeen, isMaster: boolean): WorkerNode {
    const state = isMaster ? "master" : "slave";
    const served = { readsServed: this.#position, writesServed: this.#position };
    const place = { position: this.#position, epoch, eligible: true, sinceMs: startedAtMs };
    return { name: worker, container, guid: container, state, pid, ...place, ...served };
  }

  async writeSpec(node: SpecNode): Promise<void> {
    this.#spec = node;
  }

  async writeWindow(node: WindowNode): Promise<void> {
    this.#window = node;
  }

  async writePid(worker: string, node: PidNode): Promise<void> {
    this.#pids.set(worker, { pid: node.pid, container: node.container });
  }

  async removePid(worker: string): Promise<void> {
    this.#pids.delete(worker);
  }

  async listCopy({ worker, holds }: ListedCopy): Promise<void> {
    this.#copies.set(worker, { holds, atMs: Date.now() });
  }

  async writeLog(): Promise<boolean> {
    return false;
  }

  async unlistCopy(worker: string): Promise<void> {
    this.#copies.delete(worker);
  }

  async readStatus(): Promise<ClusterStatus | null> {
    return this.#status;
  }

  /** As text, since that is what it costs the real one. */
  async writeStatus(status: ClusterStatus): Promise<void> {
    this.#status = JSON.parse(JSON.stringify(status)) as ClusterStatus;
  }

  async writeCycle(): Promise<void> {}

  async readEvents(): Promise<readonly EventRecord[]> {
    return this.#events;
  }

  async writeEvents(events: readonly EventRecord[]): Promise<void> {
    this.#events = events;
  }

  // Znodes of dead workers are gone at once here, and there are no drains and no commands.
  async forgetWorker(): Promise<void> {}
  async judgeSuspects(): Promise<void> {}
  async forgetMaster(): Promise<void> {}
  async writeDrain(): Promise<void> {}
  async removeDrain(): Promise<void> {}
  async writeCommand(): Promise<boolean> {
    return false;
  }
  async removeCommand(): Promise<void> {}
}
