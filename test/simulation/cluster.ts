// The service as it is, in a world of its own: the real worker, API and controller, on a simulated broker, ZooKeeper, engine, disks and
// clock. Everything that happens is an event of the world, and follows from its seed.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Api, openApi } from "../../api/open-api.ts";
import { noFailpoint } from "../../controller/failpoint.ts";
import { Measures as ControllerMeasures } from "../../controller/measures.ts";
import { shortId } from "../../controller/names.ts";
import { runController } from "../../controller/run-controller.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { queues } from "../../core/messages/queues.ts";
import { pathsOf } from "../../core/state/znodes.ts";
import { createLog, type Log } from "../../platform/telemetry/log.ts";
import { Measures } from "../../worker/measures.ts";
import { runWorker } from "../../worker/run-worker.ts";
import { MemoryBroker } from "../fakes/memory-broker.ts";
import type { MemoryContainer } from "../fakes/memory-container.ts";
import { diskOf } from "../fakes/memory-disk.ts";
import { MemoryEngine, type Program } from "../fakes/memory-engine.ts";
import { MemoryZooKeeper } from "../fakes/memory-zookeeper.ts";
import { clockOf, VirtualProcess } from "../fakes/virtual-process.ts";
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import { quickFolder } from "../support/quick-folder.ts";
import { manifest } from "./manifest.ts";
import { Sites } from "./sites.ts";

const clusterName = "simulated";
const restartMs = 1_000;
/** Of controllers. */
const sessionTimeoutMs = 4_000;
const sessionOnHostsMs = 2_000;
/** A server of ZooKeeper that follows is behind its leader by so much at most. */
const staleMsMax = 400;

const silent = createLog({ program: "simulation", format: "json", level: "silent" });

/** A program that is started again whenever it ends. */
export interface Kept {
  process: VirtualProcess;
}

export interface KeptApi extends Kept {
  /** While it runs and is open. */
  api: Api | undefined;
}

export class Cluster {
  readonly world: VirtualWorld;
  readonly broker: MemoryBroker;
  readonly zooKeeper: MemoryZooKeeper;
  readonly engine: MemoryEngine;
  readonly paths = pathsOf(clusterName);
  readonly sites: Sites;
  /** One on each host. */
  readonly controllers: readonly Kept[];
  readonly apis: readonly KeptApi[];
  spec: ManifestSpec = manifest;
  readonly #onSpec = new Set<() => void>();
  readonly #directory: string;
  #ids = 0;
  #over = false;

  constructor(world: VirtualWorld, hostCount: number) {
    this.world = world;
    const hosts = Array.from({ length: hostCount }, (_, i) => `host-${i + 1}`);
    this.#directory = mkdtempSync(join(quickFolder(), "dbaas-simulation-"));
    this.broker = new MemoryBroker(world, queues.sync, [], hostCount);
    this.broker.streamIsThere = false;
    this.broker.onTooMuch = ({ name }, sent) =>
      this.engine.failures.push(`${name} ran out of memory: ${sent} bytes were on their way to the broker`);
    this.zooKeeper = new MemoryZooKeeper(world);
    if (hostCount > 1) this.zooKeeper.staleMsMax = staleMsMax;
    const program: Program = (container, stop) => this.#worker(container, stop);
    this.engine = new MemoryEngine(world, this.#directory, program, hosts);
    this.sites = new Sites(world, this.broker, this.zooKeeper, hosts);
    this.controllers = hosts.map((_, host) =>
      this.#keep("controller", host, {}, (process) => this.#runController(process, host)),
    );
    this.apis = hosts.map((_, host) => {
      const kept: Omit<KeptApi, "process"> = { api: undefined };
      return this.#keep("api", host, kept, (process) => this.#runApi(process, host));
    });
  }

  /** The host that a container is on, by its number. */
  hostOf(container: MemoryContainer): number {
    return this.sites.hosts.indexOf(container.made.host);
  }

  edit(spec: ManifestSpec): void {
    this.spec = spec;
    for (const wake of [...this.#onSpec]) wake();
  }

  /** Nothing of it is left. */
  end(): void {
    this.#over = true;
    for (const { process } of [...this.controllers, ...this.apis, ...this.engine.containers.values()])
      process.kill();
    for (const { volume } of this.engine.volumes.values()) volume.release();
    this.broker.dispose();
    this.zooKeeper.dispose();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #keep<More extends object>(
    program: string,
    host: number,
    more: More,
    run: (process: VirtualProcess) => Promise<void>,
  ): Kept & More {
    const { name } = this.sites.of(program, host);
    const machine = host === 0 ? "orchestrator" : this.sites.hosts[host];
    let starts = 0;
    const start = (): VirtualProcess => {
      starts += 1;
      const process = new VirtualProcess(this.world, `${name}.${starts}`, machine);
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
      if (this.#over) return;
      if (this.sites.stateOf(host) === "lost") this.world.after(restartMs, again);
      else kept.process = start();
    };
    const kept = Object.assign(more, { process: start() });
    return kept;
  }

  #runController(process: VirtualProcess, at: number): Promise<void> {
    const site = this.sites.of("controller", at);
    const name = this.sites.hosts[at] as string;
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
        engineOpener: {
          uid: () => engine.uid(),
          open: (uid, notes) => engine.open(uid, notes, process, name),
        },
        openZnodeSession: this.sites.sessions(process, site),
        hostReporter: null,
        sessionTimeoutMs: this.sites.hosts.length > 1 ? sessionOnHostsMs : sessionTimeoutMs,
        place: { host: name, pid: 1, isAlive: () => false },
        clock: clockOf(process),
        newId: this.#newId,
        failpoint: noFailpoint,
        log: this.#logOf(site.name),
        measures: new ControllerMeasures(),
        tracing: undefined,
      },
      new AbortController().signal,
    );
  }

  async #runApi(process: VirtualProcess, host: number): Promise<void> {
    const site = this.sites.of("api", host);
    const api = await openApi({
      id: `api-${host}`,
      cluster: clusterName,
      manifestFile: undefined,
      manifestIn: "file",
      openBroker: this.sites.connections(process, site),
      openZnodeSession: this.sites.sessions(process, site),
      clock: clockOf(process),
      newId: this.#newId,
      log: this.#logOf(site.name),
      tracing: undefined,
    });
    const kept = this.apis[host] as KeptApi;
    kept.api = api;
    process.onEnd(() => {
      if (kept.api === api) kept.api = undefined;
    });
    await new Promise(() => undefined);
  }

  #worker(container: MemoryContainer, stop: AbortSignal): Promise<void> {
    const { process, volume, worker: name, id } = container;
    const site = this.sites.of(name, this.hostOf(container));
    return runWorker(
      {
        name,
        container: shortId(id),
        host: this.sites.hosts.length > 1 ? container.made.host : undefined,
        end: () => process.kill(),
        disk: diskOf(volume, process),
        directory: volume.directory,
        paths: this.paths,
        openBroker: this.sites.connections(process, site),
        openZnodeSession: this.sites.sessions(process, site),
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
