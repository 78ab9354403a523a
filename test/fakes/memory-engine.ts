// A container engine in memory, of one host or several: containers with labels and pids, volumes that outlive them, and events,
// of which some are lost.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { foreignAmong, mustOwnVolume } from "../../controller/engines/ownership.ts";
import { labels } from "../../controller/names.ts";
import type {
  ContainerRef,
  Ending,
  Engine,
  EngineEvent,
  EngineOpener,
  EngineView,
  HostNotes,
  Signal,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../controller/ports.ts";
import { TerminalError, TransientError } from "../../core/errors.ts";
import { MemoryContainer, seenOf } from "./memory-container.ts";
import { Volume } from "./memory-disk.ts";
import { MemoryHosts } from "./memory-hosts.ts";
import { VirtualProcess, worldEpochMs } from "./virtual-process.ts";
import type { Random, VirtualWorld } from "./virtual-world.ts";

const callMs = 10;
const startMs = 300;
/** A program that does not end in order by then is ended. */
const stopWithinMs = 8_000;
const eventsLost = 0.2;
/** Runs in a container until it ends; told to stop by the signal. @throws what it failed with */
export type Program = (container: MemoryContainer, stop: AbortSignal) => Promise<void>;

interface MemoryVolume {
  readonly labels: Readonly<Record<string, string>>;
  readonly volume: Volume;
  readonly host: string;
}

type OnEvent = (event: EngineEvent) => void;

export class MemoryEngine implements EngineOpener {
  readonly containers = new Map<string, MemoryContainer>();
  readonly volumes = new Map<string, MemoryVolume>();
  readonly #hosts: MemoryHosts;
  /** Answers nothing while it is away; what runs goes on. */
  isDown = false;
  /** Told of each container whose program is asked to end. */
  onStop: ((id: string) => void) | undefined;
  readonly #world: VirtualWorld;
  readonly #random: Random;
  readonly #directory: string;
  readonly #program: Program;
  readonly #watchers = new Set<OnEvent>();
  /** What a program failed with that no fault explains. */
  readonly failures: string[] = [];
  #made = 0;

  constructor(world: VirtualWorld, directory: string, program: Program, hosts = ["host-1"]) {
    this.#hosts = new MemoryHosts(world, hosts, () => this.#tell("change"));
    this.#world = world;
    this.#random = world.random("engine");
    this.#directory = directory;
    this.#program = program;
  }

  async uid(): Promise<string | null> {
    this.#mustAnswer();
    const found = new Set([...this.volumes.values()].map((one) => one.labels[labels.uid]));
    return [...found][0] ?? null;
  }

  running(): readonly MemoryContainer[] {
    return [...this.containers.values()].filter(({ state }) => state === "running");
  }

  volumeOf(worker: string): Volume | undefined {
    return [...this.volumes.values()].find(({ labels: has }) => has[labels.worker] === worker)?.volume;
  }

  hostOfVolume(worker: string): string | undefined {
    return [...this.volumes.values()].find(({ labels: has }) => has[labels.worker] === worker)?.host;
  }

  /** @param from the host of the caller, where there are several: one that is cut off has no engine to ask but its own */
  open(uid: string, _notes?: HostNotes, caller?: VirtualProcess, from?: string): Engine {
    const called = async (): Promise<void> => {
      await caller?.work(callMs);
      this.#mustAnswer(from);
    };
    return {
      view: async () => {
        await called();
        return this.#view(uid);
      },
      claimVolume: async ({ volume, host }) => {
        await called();
        return this.#claim(volume, host, uid);
      },
      create: async (container) => {
        await called();
        return this.#create(container);
      },
      start: async (id) => {
        await called();
        const pid = this.#start(this.#known(id));
        await caller?.work(startMs);
        return { id, pid } satisfies StartedContainer;
      },
      kill: async (target, signal) => {
        await called();
        this.#kill(target, signal);
      },
      remove: async ({ id }: ContainerRef) => {
        await called();
        if (!this.containers.has(id)) return;
        const container = this.#known(id);
        if (container.state === "running") throw new TransientError("remove container: it runs");
        this.containers.delete(id);
      },
      lastWords: async ({ id }: ContainerRef) => {
        await called();
        return this.containers.get(id)?.wrote ?? "";
      },
      watch: (onEvent, signal) => this.#watch(onEvent, signal),
    };
  }

  /** By a kill from outside, or by the kernel. */
  crash(container: MemoryContainer, { outOfMemory = false } = {}): void {
    if (container.state !== "running") return;
    container.process.kill();
    this.#ended(container, outOfMemory ? "outOfMemory" : "killed");
  }

  loseHost(name: string): void {
    this.#hosts.lose(name);
  }

  findHost(name: string): void {
    for (const container of this.containers.values())
      if (container.made.host === name) container.endedUnseen = false;
    this.#hosts.find(name);
  }

  #mustAnswer(from?: string): void {
    if (this.isDown || !this.#hosts.answer(from)) throw new TransientError("the engine does not answer");
  }

  #known(id: string): MemoryContainer {
    const container = this.containers.get(id);
    if (container === undefined) throw new TransientError(`no such container: ${id}`);
    this.#hosts.mustReach(container.made.host);
    return container;
  }

  #view(uid: string): EngineView {
    return {
      hosts: this.#hosts.seen(),
      ours: [...this.containers.values()]
        .filter(({ made }) => made.labels[labels.uid] === uid)
        .map((container) => seenOf(container, this.#hosts.stateOf(container.made.host))),
      volumes: new Map(
        [...this.volumes.values()].flatMap(({ labels: has, host }) =>
          has[labels.uid] === uid && this.#hosts.stateOf(host) !== "away"
            ? [[String(has[labels.worker]), host] as const]
            : [],
        ),
      ),
      foreign: this.#foreign(uid),
    };
  }

  #foreign(uid: string): EngineView["foreign"] {
    const containers = [...this.containers.values()].map(({ made }) => made);
    const volumes = [...this.volumes].map(([name, { labels: has }]) => ({ name, labels: has }));
    // All that is made here is of one cluster.
    const cluster = [...containers, ...volumes][0]?.labels[labels.cluster] ?? "";
    return foreignAmong(containers, volumes, { cluster, uid });
  }

  #claim({ name, labels: has }: WorkerContainer["volume"], host: string, uid: string): "new" | "existing" {
    this.#hosts.mustReach(host);
    const known = this.volumes.get(name);
    if (known !== undefined && known.host !== host) {
      // A real one would make another volume of that name: then two copies have one name.
      this.failures.push(`${name} was claimed on ${host}, though ${known.host} has it`);
      throw new TerminalError(`volume ${name} is on ${known.host}, not on ${host}`);
    }
    if (known !== undefined) {
      mustOwnVolume({ name, labels: known.labels }, uid);
      return "existing";
    }
    this.volumes.set(name, { labels: has, volume: new Volume(join(this.#directory, name)), host });
    return "new";
  }

  #create(made: WorkerContainer): string {
    this.#hosts.mustReach(made.host);
    for (const other of this.containers.values())
      if (other.made.name === made.name) throw new TransientError(`the name ${made.name} is in use`);
    const claimed = this.volumes.get(made.volume.name);
    if (claimed === undefined) throw new TransientError("no such volume");
    this.#made += 1;
    const id = createHash("sha256").update(`container ${this.#made}`).digest("hex");
    const process = new VirtualProcess(this.#world, `${made.worker}.${this.#made}`);
    this.containers.set(id, new MemoryContainer(id, made, claimed.volume, process));
    this.#tell("change");
    return id;
  }

  #start(container: MemoryContainer): number {
    if (container.state !== "created") throw new TransientError("the container was started before");
    container.state = "running";
    container.startedAtMs = worldEpochMs + this.#world.nowMs;
    container.pid = 1_000 + Math.floor(this.#random() * 30_000);
    this.#tell("change");
    container.process.receive(() => void this.#run(container));
    return container.pid;
  }

  async #run(container: MemoryContainer): Promise<void> {
    let ending: Ending = "clean";
    try {
      await this.#program(container, container.stop.signal);
    } catch (error) {
      this.failures.push(`${container.worker}: ${String(error)}`);
      ending = "crashed";
    }
    if (container.process.dead) return;
    container.process.kill();
    this.#ended(container, ending);
  }

  #kill({ id, pid }: Target, signal: Signal): void {
    const container = this.#known(id);
    if (container.state !== "running" || container.pid !== pid)
      throw new TransientError("the container no longer runs under this pid");
    if (signal === "SIGKILL") {
      this.crash(container);
      return;
    }
    this.onStop?.(id);
    container.process.receive(() => container.stop.abort(new TransientError("stopped by SIGTERM")));
    this.#world.after(stopWithinMs, () => {
      if (container.state !== "running" || container.process.paused) return;
      container.process.kill();
      this.#ended(container, "crashed");
    });
  }

  #ended(container: MemoryContainer, ending: Ending): void {
    container.state = "dead";
    container.endedUnseen = this.#hosts.stateOf(container.made.host) !== "seen";
    container.ending = ending;
    container.finishedAtMs = worldEpochMs + this.#world.nowMs;
    this.#world.tell(container.worker, `container ended: ${ending}`);
    if (!container.endedUnseen) this.#tell("death");
  }

  #tell(event: EngineEvent): void {
    if (this.isDown || this.#random() < eventsLost) return;
    for (const onEvent of [...this.#watchers]) onEvent(event);
  }

  #watch(onEvent: OnEvent, signal: AbortSignal): Promise<void> {
    this.#watchers.add(onEvent);
    return new Promise((resolve) => {
      signal.addEventListener(
        "abort",
        () => {
          this.#watchers.delete(onEvent);
          resolve();
        },
        { once: true },
      );
    });
  }
}
