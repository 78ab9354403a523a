// The service as it is, in a world of its own: the real worker, API and controller, on a simulated broker, ZooKeeper, engine, disks and
// clock. Everything that happens is an event of the world, and follows from its seed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, openApi } from "../../api/open-api.ts";
import { noFailpoint } from "../../controller/failpoint.ts";
import { Measures as ControllerMeasures } from "../../controller/measures.ts";
import { shortId } from "../../controller/names.ts";
import { runController } from "../../controller/run-controller.ts";
import { TransientError } from "../../core/errors.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { queues } from "../../core/messages/queues.ts";
import { pathsOf } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { OpenBroker } from "../../platform/rabbitmq/port.ts";
import { createLog, type Log } from "../../platform/telemetry/log.ts";
import type { OpenZnodeSession } from "../../platform/zookeeper/port.ts";
import { Measures } from "../../worker/measures.ts";
import { runWorker } from "../../worker/run-worker.ts";
import { Link } from "../fakes/link.ts";
import { MemoryBroker } from "../fakes/memory-broker.ts";
import type { MemoryConnection } from "../fakes/memory-connection.ts";
import type { MemoryContainer } from "../fakes/memory-container.ts";
import { diskOf } from "../fakes/memory-disk.ts";
import { MemoryEngine } from "../fakes/memory-engine.ts";
import type { MemorySession } from "../fakes/memory-session.ts";
import { MemoryZooKeeper } from "../fakes/memory-zookeeper.ts";
import { VirtualProcess } from "../fakes/virtual-process.ts";
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import { manifest } from "./manifest.ts";

const clusterName = "simulated";
const rabbitDelayMs = 2;
const zooKeeperDelayMs = 4;
const connectMs = 20;
const restartMs = 1_000;
const sessionTimeoutMs = 4_000;

const silent = createLog({ program: "simulation", format: "json", level: "silent" });

/** The programs that stand on one address: they are cut off together, and the next of that name with them. */
export interface Site {
  readonly rabbit: Link;
  readonly zooKeeper: Link;
  readonly connections: Set<MemoryConnection>;
  readonly sessions: Set<MemorySession>;
}

/** A program that is started again whenever it ends. */
export interface Kept {
  process: VirtualProcess;
}

export class Cluster {
  readonly world: VirtualWorld;
  readonly broker: MemoryBroker;
  readonly zooKeeper: MemoryZooKeeper;
  readonly engine: MemoryEngine;
  readonly paths = pathsOf(clusterName);
  readonly controller: Kept;
  readonly apiProcess: Kept;
  /** While it runs and is open. */
  api: Api | undefined;
  spec: ManifestSpec = manifest;
  readonly #onSpec = new Set<() => void>();
  readonly #sites = new Map<string, Site>();
  readonly #directory: string;
  #ids = 0;
  #over = false;

  constructor(world: VirtualWorld) {
    this.world = world;
    this.#directory = mkdtempSync(join(temporary, "dbaas-simulation-"));
    this.broker = new MemoryBroker(world, queues.sync, []);
    this.broker.streamIsThere = false;
    this.zooKeeper = new MemoryZooKeeper(world);
    this.engine = new MemoryEngine(world, this.#directory, (container, stop) =>
      this.#worker(container, stop),
    );
    this.controller = this.#keep("controller", (process) => this.#runController(process));
    this.apiProcess = this.#keep("api", (process) => this.#runApi(process));
  }

  site(name: string): Site {
    const known = this.#sites.get(name);
    if (known !== undefined) return known;
    const site = {
      rabbit: new Link(this.world, `${name} rabbit`, rabbitDelayMs),
      zooKeeper: new Link(this.world, `${name} zookeeper`, zooKeeperDelayMs),
      connections: new Set<MemoryConnection>(),
      sessions: new Set<MemorySession>(),
    };
    this.#sites.set(name, site);
    return site;
  }

  get sites(): ReadonlyMap<string, Site> {
    return this.#sites;
  }

  edit(spec: ManifestSpec): void {
    this.spec = spec;
    for (const wake of [...this.#onSpec]) wake();
  }

  /** Nothing of it is left. */
  end(): void {
    this.#over = true;
    for (const { process } of [this.controller, this.apiProcess, ...this.engine.containers.values()])
      process.kill();
    for (const { volume } of this.engine.volumes.values()) volume.release();
    this.broker.dispose();
    this.zooKeeper.dispose();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #keep(name: string, run: (process: VirtualProcess) => Promise<void>): Kept {
    let starts = 0;
    const start = (): VirtualProcess => {
      starts += 1;
      const process = new VirtualProcess(this.world, `${name}.${starts}`, "orchestrator");
      process.onEnd(() => {
        if (!this.#over) this.world.after(restartMs, again);
      });
      process.receive(() => {
        run(process).then(
          () => process.kill(),
          (error) => {
            this.engine.failures.push(`${name}: ${String(error)}`);
            process.kill();
          },
        );
      });
      return process;
    };
    const again = () => {
      if (!this.#over) kept.process = start();
    };
    const kept: Kept = { process: start() };
    return kept;
  }

  #runController(process: VirtualProcess): Promise<void> {
    const site = this.site("controller");
    const { engine } = this;
    return runController(
      {
        settings: { cluster: clusterName, image: "image", network: "network", environment: {} },
        manifest: {
          state: this.#manifestState,
          onChange: (wake, scope) => {
            const told = () => process.receive(wake);
            this.#onSpec.add(told);
            scope.addEventListener("abort", () => this.#onSpec.delete(told), { once: true });
          },
        },
        firstManifest: undefined,
        host: { uid: () => engine.uid(), open: (uid, notes) => engine.open(uid, notes, process) },
        openZnodeSession: this.#sessions(process, site),
        localHost: null,
        sessionTimeoutMs,
        place: { host: "host", pid: 1, isAlive: () => false },
        clock: clockOf(process),
        newId: this.#newId,
        failpoint: noFailpoint,
        log: this.#logOf("controller"),
        measures: new ControllerMeasures(),
        tracing: undefined,
      },
      new AbortController().signal,
    );
  }

  async #runApi(process: VirtualProcess): Promise<void> {
    const site = this.site("api");
    const api = await openApi({
      id: "api-0",
      cluster: clusterName,
      manifestFile: undefined,
      manifestIn: "file",
      openBroker: this.#connections(process, site),
      openZnodeSession: this.#sessions(process, site),
      clock: clockOf(process),
      newId: this.#newId,
      log: this.#logOf("api"),
      tracing: undefined,
    });
    this.api = api;
    process.onEnd(() => {
      if (this.api === api) this.api = undefined;
    });
    await new Promise(() => undefined);
  }

  #worker(container: MemoryContainer, stop: AbortSignal): Promise<void> {
    const { process, volume, worker: name, id } = container;
    const site = this.site(name);
    return runWorker(
      {
        name,
        container: shortId(id),
        host: undefined,
        end: () => process.kill(),
        disk: diskOf(volume, process),
        directory: volume.directory,
        paths: this.paths,
        openBroker: this.#connections(process, site),
        openZnodeSession: this.#sessions(process, site),
        clock: clockOf(process),
        newId: this.#newId,
        log: this.#logOf(name),
        measures: new Measures(),
        tracing: undefined,
      },
      stop,
    );
  }

  readonly #newId = (): string => {
    this.#ids += 1;
    return `${String(this.#ids).padStart(8, "0")}-simulated`;
  };

  get #manifestState() {
    const cluster = this;
    return {
      get spec() {
        return cluster.spec;
      },
      problem: null,
      waiting: null,
    };
  }

  #connections(process: VirtualProcess, site: Site): OpenBroker {
    return async () => {
      await process.work(connectMs);
      if (this.broker.isDown || site.rabbit.isCut) throw new TransientError("open a RabbitMQ connection");
      const connection = this.broker.connect(process, site.rabbit);
      site.connections.add(connection);
      connection.ended.addEventListener("abort", () => site.connections.delete(connection), { once: true });
      return connection;
    };
  }

  #sessions(process: VirtualProcess, site: Site): OpenZnodeSession {
    return async (timeoutMs) => {
      await process.work(connectMs);
      if (site.zooKeeper.isCut) throw new TransientError("open a ZooKeeper session");
      const session = this.zooKeeper.connect(process, site.zooKeeper, timeoutMs);
      site.sessions.add(session);
      session.ended.addEventListener("abort", () => site.sessions.delete(session), { once: true });
      return session;
    };
  }

  #logOf(name: string): Log {
    if (!this.world.tracing) return silent;
    const tell = (...said: readonly unknown[]) =>
      this.world.tell(
        name,
        said.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" "),
      );
    // The programs use these of it and no more.
    return { debug: tell, info: tell, warn: tell, error: tell, fatal: tell } as unknown as Log;
  }
}

/** Memory, where the machine has a folder that is. */
const temporary = process.platform === "linux" ? "/dev/shm" : tmpdir();

/** Programs hand single functions of a clock on. */
const clockOf = (process: VirtualProcess): Clock => ({
  now: () => process.now(),
  wallMs: () => process.wallMs(),
  monotonicMs: () => process.monotonicMs(),
  sleep: (ms, signal) => process.sleep(ms, signal),
  after: (ms, run) => process.after(ms, run),
});
