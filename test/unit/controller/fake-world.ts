// A small world for the reconciler: containers and znodes in memory, workers that behave as the protocol promises, and
// the faults of real ones. It is driven step by step; no time passes by itself.

import { labels, shortId } from "../../../controller/names.ts";
import type {
  ContainerSeen,
  Ending,
  Engine,
  Registry,
  RegistryView,
  SeenMaster,
} from "../../../controller/ports.ts";
import type { World } from "../../../controller/reconcile/reconcile.ts";
import { nowhere } from "../../../core/log/place.ts";
import type { ManifestSpec } from "../../../core/manifest/manifest.ts";
import type { WrittenSpecNode } from "../../../core/state/spec-node.ts";
import type {
  ClusterStatus,
  Command,
  DrainNode,
  PidNode,
  WindowNode,
  WorkerNode,
} from "../../../core/state/znodes.ts";
import { FakeContainers } from "./fake-containers.ts";
import { FakeCopies } from "./fake-copies.ts";
import { nowMs, spec } from "./makers.ts";

class ControllerDied extends Error {
  override readonly name = "ControllerDied";
}

const bare = (value: unknown) => JSON.parse(JSON.stringify(value)) as never;

export class FakeWorld {
  readonly engine = new FakeContainers();
  readonly containers = this.engine.all;
  readonly nodes = new Map<string, WorkerNode>();
  readonly pids = new Map<string, PidNode>();
  readonly draining = new Map<string, DrainNode>();
  readonly commands = new Map<string, Command>();
  readonly copies = new FakeCopies();
  master: SeenMaster | null = null;
  specNode: WrittenSpecNode | null = null;
  window: WindowNode | null = null;
  reads = 0;
  nowMs = nowMs;
  spec: ManifestSpec = spec();
  /** What was done to whom, for assertions: `kill w-1 master`, `drain w-2 slave`. */
  readonly harms: string[] = [];
  image = "image1";
  /** Names the point at which the controller dies; used up by it. */
  diesAt: string | null = null;
  /** Makes creating fail. */
  engineRefuses = false;
  died = false;
  readonly #nextPid: () => number;
  #epochs = 0;

  constructor(nextPid: () => number) {
    this.#nextPid = nextPid;
  }

  /** As a controller sees it that has just begun. */
  controller(): World {
    this.died = false;
    return {
      engine: this.#engine(),
      registry: this.#registry(),
      moment: () => ({ nowMs: this.nowMs, wallMs: this.nowMs }),
      spec: () => this.spec,
      failpoint: (name) => {
        if (name !== this.diesAt) return;
        this.diesAt = null;
        this.died = true;
        throw new ControllerDied();
      },
      containerFor: (_, worker, host, image) => ({
        name: `dbaas-${worker}`,
        worker,
        host,
        image: image ?? "image",
        network: "net",
        command: [],
        dataDir: "/data",
        environment: {},
        labels: { [labels.spec]: `${image}-limits-settings` },
        volume: { name: `dbaas-${worker}`, labels: {} },
        memoryBytes: 1,
        pidsMax: 1,
        secrets: [],
      }),
      interrupted: () => this.died,
    };
  }

  get running() {
    return this.engine.running;
  }

  roleOf(id: string): string {
    const short = shortId(id);
    if (this.master?.container === short) return "master";
    return [...this.nodes.values()].find(({ container }) => container === short)?.state ?? "none";
  }

  /** Its process ends. Its znodes stay until its session expires or somebody removes them. */
  kill(id: string, ending: Ending = "killed"): void {
    const container = this.containers.get(id);
    if (container?.seen.state !== "running") return;
    container.seen = { ...container.seen, state: "dead", pid: 0, ending, finishedAtMs: this.nowMs };
  }

  crash(id: string): void {
    this.kill(id, "crashed");
  }

  hang(id: string): void {
    const container = this.containers.get(id);
    if (container !== undefined) container.hung = true;
  }

  /** Sessions of dead and hung workers expire. */
  expireSessions(): void {
    const alive = new Set(this.engine.connected.map(({ seen }) => seen.shortId));
    for (const [name, node] of this.nodes) if (!alive.has(node.container)) this.nodes.delete(name);
    if (this.master !== null && !alive.has(this.master.container)) this.master = null;
  }

  /** ZooKeeper's data is lost: all znodes are gone, and whoever made one has lost its session. */
  emptyZooKeeper(): void {
    this.nodes.clear();
    this.pids.clear();
    this.draining.clear();
    this.commands.clear();
    this.copies.entries.clear();
    this.copies.log = null;
    this.master = null;
    this.specNode = null;
    this.window = null;
  }

  /** Everything stops, and the containers are removed, as `down` does it. The broker forgets what it had in memory. */
  down(): void {
    this.containers.clear();
    this.expireSessions();
    this.restartBroker();
  }

  restartBroker(): void {
    this.copies.memory = `${this.copies.memory}+`;
  }

  /** An acknowledged write: the master has it, and every slave that serves. */
  write(): void {
    if (this.master === null) return;
    const slaves = [...this.nodes.values()].filter(({ state }) => state === "slave").map(({ name }) => name);
    this.copies.write(this.master.name, this.master.epoch, slaves);
  }

  /** Every healthy worker does what it can do next: join, catch up, lead, or leave. */
  workersTurn(): void {
    if (this.specNode === null) return;
    for (const { seen } of this.engine.connected) this.#workerTurn(seen);
    if (this.master !== null) return;
    const able = [...this.nodes.values()].filter(
      ({ state, waiting }) => state === "slave" && waiting === undefined,
    );
    const [successor] = able.sort((a, b) => (a.pid ?? 0) - (b.pid ?? 0));
    if (successor === undefined || successor.pid === null) return;
    const { name, container, pid } = successor;
    // None leads while a dead one with a lower pid still stands there, or another master does.
    this.master = { name, container, pid, guid: "g", epoch: ++this.#epochs, createdAtMs: this.nowMs };
    this.copies.elected(name, this.#epochs);
    this.nodes.set(name, { ...successor, state: "master" });
  }

  /** A copy follows the master, or may lead itself, or says what it waits for. */
  #follow(node: WorkerNode): void {
    const { name } = node;
    if (this.master !== null && this.master.name !== name) {
      this.copies.follow(name, this.master.name);
      return void this.nodes.set(name, { ...this.copies.told(name, node, null), state: "slave" });
    }
    const waiting = this.copies.whyNot(name, [...this.nodes.keys()], this.specNode !== null);
    const state = waiting === null ? "slave" : "joining";
    this.nodes.set(name, { ...this.copies.told(name, node, waiting), state });
  }

  #workerTurn(seen: ContainerSeen): void {
    const { worker: name, shortId: container, id } = seen;
    const pid = this.pids.get(name);
    const node = this.nodes.get(name);
    if (node !== undefined && node.container !== container) return;
    const marked = this.draining.get(name)?.container === container;
    if (node?.state === "draining") {
      this.nodes.delete(name);
      this.kill(id, "clean");
      return;
    }
    if (node !== undefined && marked && this.master?.container !== container)
      return void this.nodes.set(name, { ...node, state: "draining" });
    if (node !== undefined && this.master?.container !== container) return void this.#follow(node);
    if (node === undefined && pid?.container === container && pid.pid === seen.pid) {
      this.copies.open(name);
      this.nodes.set(name, {
        name,
        container,
        guid: "g",
        state: "joining",
        pid: pid.pid,
        eligible: true,
        readsServed: 0,
        writesServed: 0,
        sinceMs: this.nowMs,
        ...this.copies.place(name),
      });
    }
  }

  /** As long as it can, a worker leaves in order: its znodes go with it. */
  #stepDown(id: string, worker: string): void {
    this.harms.push(`${this.roleOf(id)} ${worker} steps down`);
    if (this.containers.get(id)?.hung === true) return;
    const short = shortId(id);
    if (this.master?.container === short) this.master = null;
    if (this.nodes.get(worker)?.container === short) this.nodes.delete(worker);
    this.kill(id, "clean");
  }

  #engine(): Engine {
    return {
      view: async () => this.engine.view(this.image, this.copies.volumes.keys()),
      claimVolume: async ({ worker, host }) => {
        if (this.copies.volumes.has(worker)) return "existing";
        this.copies.volumes.set(worker, nowhere);
        this.engine.homes.set(worker, host);
        return "new";
      },
      create: async (container) => {
        if (this.engineRefuses) throw new Error("no such image");
        return this.engine.create(container);
      },
      start: async (id) => {
        const container = this.engine.reach(id);
        const pid = this.#nextPid();
        container.seen = { ...container.seen, state: "running", pid, startedAtMs: this.nowMs };
        return { id, pid };
      },
      kill: async ({ id, pid, worker }, signal) => {
        if (this.engine.reach(id).seen.pid !== pid) throw new Error("does not run as this pid any more");
        if (signal === "SIGTERM") return this.#stepDown(id, worker);
        const hung = this.containers.get(id)?.hung === true;
        this.harms.push(`kill ${worker} ${hung ? "hung" : this.roleOf(id)}`);
        this.kill(id);
      },
      remove: async ({ id }) => {
        if (this.containers.get(id)?.seen.state === "running") throw new Error("still runs");
        this.containers.delete(id);
      },
      lastWords: async () => "",
      watch: async () => undefined,
    };
  }

  #registry(): Registry {
    const refuse = () => Promise.reject(new Error("the reconciler reports elsewhere"));
    return {
      view: async (): Promise<RegistryView> => ({
        nodes: [...this.nodes.values()],
        master: this.master,
        pids: new Map(this.pids),
        draining: new Map(this.draining),
        reads: this.reads,
        firstReadAtMs: this.reads > 0 ? nowMs : null,
        window: this.window,
        commands: [...this.commands].map(([id, command]) => ({ id, command, version: 0 })),
        log: this.copies.log === null ? null : { ...this.copies.log, version: 0 },
        copies: new Map(this.copies.entries),
        spec: this.specNode,
      }),
      writeSpec: async (node) => {
        this.specNode = bare(node);
      },
      writeWindow: async (node) => {
        this.window = bare(node);
      },
      writePid: async (worker, { pid, container }) => void this.pids.set(worker, { pid, container }),
      removePid: async (worker) => void this.pids.delete(worker),
      writeDrain: async (worker, node) => {
        const id = [...this.containers.values()].find(({ seen }) => seen.shortId === node.container)?.seen.id;
        this.harms.push(`drain ${worker} ${this.roleOf(id ?? "")}`);
        this.draining.set(worker, node);
      },
      removeDrain: async (worker) => void this.draining.delete(worker),
      judgeSuspects: async () => undefined,
      forgetWorker: async (worker, container) => {
        if (this.nodes.get(worker)?.container === container) this.nodes.delete(worker);
      },
      forgetMaster: async ({ container }) => {
        if (this.master?.container === container) this.master = null;
      },
      writeCommand: async (id, command) => this.commands.has(id) && this.commands.set(id, command).size > 0,
      listCopy: async (copy, volume) => this.copies.list(copy, volume),
      writeLog: async (log) => {
        this.copies.log = log;
        return true;
      },
      unlistCopy: async (worker) => void this.copies.entries.delete(worker),
      removeCommand: async (id) => void this.commands.delete(id),
      readStatus: async (): Promise<ClusterStatus | null> => null,
      writeStatus: refuse,
      writeCycle: refuse,
      readEvents: async () => [],
      writeEvents: refuse,
    };
  }
}
