// Engine over a Docker Swarm: a worker is a service with one task, pinned to the host of its volume. What Swarm does not tell or
// do is made up for by notes in ZooKeeper: which volumes a host has, and the signal that a worker ends itself by.
import { TerminalError, TransientError } from "../../../core/errors.ts";
import type { Clock } from "../../../platform/process/clock.ts";
import { containerName, shortId } from "../../names.ts";
import type {
  ContainerRef,
  ContainerSeen,
  Engine,
  EngineEvent,
  EngineView,
  HostLead,
  HostNotes,
  HostSeen,
  Signal,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../ports.ts";
import { foreignAmong, isOurs, type Labelled, mustOwnVolume, workersWithVolumes } from "../ownership.ts";
import { type HostStanding, standings } from "./host-standings.ts";
import {
  containerIdOf,
  courseOf,
  labelledService,
  newestOf,
  nodeOf,
  pidOf,
  renewed,
  seenOf,
  serviceOf,
  shallRun,
  workerOf,
} from "./swarm-formats.ts";
import type { SwarmSeen, SwarmState } from "./swarm-state.ts";
import type { SwarmService, SwarmTask } from "./swarm-types.ts";

export interface SwarmEngineOptions {
  readonly state: SwarmState;
  readonly notes: HostNotes;
  readonly cluster: string;
  readonly uid: string;
  /** The host that this controller runs on. */
  readonly self: string;
  readonly clock: Clock;
}

const pollMs = 75;
/** One that runs later is seen then; whatever else is to be done must not wait for a host that was lost meanwhile. */
const startWithinMs = 20_000;
/** A worker that does not end itself by then hangs. */
const endsItselfWithinMs = 1_000;

export class SwarmEngine implements Engine {
  readonly #options: SwarmEngineOptions;
  #standings: readonly HostStanding[] = [];
  /** By task: since when it was seen to be over. */
  readonly #overSince = new Map<string, number>();
  /** Tasks that were told to end by SIGKILL: how they ended need not be asked of their hosts. */
  readonly #killed = new Set<string>();

  constructor(options: SwarmEngineOptions) {
    this.#options = options;
  }

  async view(): Promise<EngineView> {
    const { state, notes, clock } = this.#options;
    const [seen, told] = await Promise.all([state.look(), notes.hosts()]);
    const facts = seen.nodes.map(({ name, number, ready }) => ({
      name,
      number,
      ready,
      note: told.get(name) ?? null,
    }));
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    this.#standings = standings(this.#standings, facts, now);
    this.#rememberEnds(seen.tasks, now.monotonicMs);
    const owner = { cluster: this.#options.cluster, uid: this.#options.uid };
    const services = seen.services.filter((service) => isOurs(labelledService(service), owner));
    const ours = services.flatMap((service) => this.#seen(service, seen, now.monotonicMs) ?? []);
    return {
      hosts: this.#standings.map((standing) => this.#host(standing)),
      ours,
      volumes: this.#volumes(ours),
      foreign: foreignAmong(seen.services.map(labelledService), this.#notedVolumes(), owner),
    };
  }

  #host({ name, number, reachable, sinceMs, note }: HostStanding): HostSeen {
    const acting: readonly HostLead[] = name === this.#options.self ? ["controller"] : [];
    return {
      name,
      number,
      reachable,
      sinceMs,
      image: note?.image ?? null,
      leads: reachable ? [...(note?.leads ?? []), ...acting] : [],
      partsAway: reachable ? (note?.partsAway ?? []) : [],
    };
  }

  #rememberEnds(tasks: readonly SwarmTask[], nowMs: number): void {
    const ended = new Set(tasks.filter((task) => courseOf(task) === "over").map(({ ID }) => ID));
    for (const id of this.#overSince.keys()) if (!ended.has(id)) this.#overSince.delete(id);
    for (const id of ended) if (!this.#overSince.has(id)) this.#overSince.set(id, nowMs);
    for (const id of this.#killed) if (!tasks.some(({ ID }) => ID === id)) this.#killed.delete(id);
  }

  #seen(service: SwarmService, { tasks, nodes }: SwarmSeen, nowMs: number): ContainerSeen | null {
    const task = newestOf(tasks, service.ID);
    const nodeId = task?.NodeID ?? nodeOf(service);
    const name = nodes.find(({ id }) => id === nodeId)?.name;
    const standing = this.#standings.find((one) => one.name === name);
    return seenOf(service, task, {
      host: name ?? "",
      // A host that left the Swarm is no host of the cluster any more: what it ran is over.
      reachable: standing?.reachable ?? true,
      note: standing?.note ?? null,
      overForMs: nowMs - (this.#overSince.get(task?.ID ?? "") ?? nowMs),
      isKilledByUs: this.#killed.has(task?.ID ?? ""),
    });
  }

  /** A volume stands in its host's note a little later than its container runs. */
  #volumes(ours: readonly ContainerSeen[]): EngineView["volumes"] {
    const { cluster, uid } = this.#options;
    const noted = this.#standings
      .filter(({ reachable }) => reachable)
      .flatMap(({ name, note }) =>
        [...workersWithVolumes(note?.volumes ?? [], { cluster, uid })].map(
          (worker) => [worker, name] as const,
        ),
      );
    const mounted = ours
      .filter(({ state }) => state === "running")
      .map(({ worker, host }) => [worker, host] as const);
    return new Map([...noted.reverse(), ...mounted]);
  }

  #notedVolumes(): readonly Labelled[] {
    return this.#standings.flatMap(({ reachable, note }) => (reachable ? (note?.volumes ?? []) : []));
  }

  async claimVolume({ worker, host, volume }: WorkerContainer): Promise<"new" | "existing"> {
    const { state, notes } = this.#options;
    const [{ services, tasks }, told] = await Promise.all([state.look(), notes.hosts()]);
    const service = services.find(({ Spec }) => Spec.Name === volume.name);
    if (service !== undefined) this.#mustOwn(service);
    const note = told.get(host);
    if (note === undefined) throw new TransientError(`${host} does not tell which volumes it has`);
    const known = note.volumes.find(({ name }) => name === volume.name);
    if (known !== undefined) mustOwnVolume(known, this.#options.uid, host);
    // A task may have made it since its host has told.
    const mayHaveMade = service !== undefined && newestOf(tasks, service.ID)?.Status.State === "running";
    if (mayHaveMade && workerOf(service) === worker) return "existing";
    return known === undefined ? "new" : "existing";
  }

  async create(container: WorkerContainer): Promise<string> {
    const { state } = this.#options;
    const { nodes, services, tasks } = await state.look();
    const node = nodes.find(({ name }) => name === container.host);
    if (node === undefined) throw new TransientError(`${container.host} is no host of the cluster`);
    const secretIds = await state.secrets(container.secrets.map(({ name }) => name));
    const spec = serviceOf(container, { nodeId: node.id, number: node.number, secretIds });
    const before = services.find(({ Spec }) => Spec.Name === container.name);
    if (before === undefined) return state.create(spec);
    this.#mustOwn(before);
    const task = newestOf(tasks, before.ID);
    if (task !== null && courseOf(task) !== "over")
      throw new TransientError(`the service ${container.name} has a task already`);
    await state.update(before, renewed(spec, before));
    return before.ID;
  }

  #mustOwn(service: SwarmService): void {
    const { cluster, uid } = this.#options;
    if (!isOurs(labelledService(service), { cluster, uid }))
      throw new TerminalError(
        `service ${service.Spec.Name} is not this cluster's: it bears another uid or none`,
      );
  }

  async start(serviceId: string): Promise<StartedContainer> {
    const { state, clock } = this.#options;
    const { tasks } = await state.tasksOf(serviceId);
    const known = new Set(tasks.map(({ ID }) => ID));
    await state.scale(serviceId, 1);
    const deadlineMs = clock.monotonicMs() + startWithinMs;
    while (clock.monotonicMs() < deadlineMs) {
      const now = await state.tasksOf(serviceId);
      const task = newestOf(
        now.tasks.filter(({ ID }) => !known.has(ID)),
        serviceId,
      );
      if (task !== null && courseOf(task) === "running") return { id: containerIdOf(task), pid: pidOf(task) };
      if (task !== null && courseOf(task) === "over")
        throw new TransientError(
          `task ${shortId(task.ID)} ended at once (${task.Status.Err ?? task.Status.State})`,
        );
      await clock.sleep(pollMs);
    }
    throw new TransientError(`the service did not run within ${startWithinMs} ms`);
  }

  /** Swarm has no kill, and takes 3 s for stopping: the worker ends itself, and only one that hangs is stopped. */
  async kill(target: Target, signal: Signal): Promise<void> {
    const { state, notes, clock } = this.#options;
    const { service, task } = await this.#find(target);
    if (
      service === undefined ||
      task === undefined ||
      courseOf(task) !== "running" ||
      pidOf(task) !== target.pid
    )
      throw new TransientError(`container ${target.container} does not run as pid ${target.pid} any more`);
    await notes.tellSignal(target, signal);
    if (signal === "SIGTERM") return;
    this.#killed.add(task.ID);
    const deadlineMs = clock.monotonicMs() + endsItselfWithinMs;
    while (clock.monotonicMs() < deadlineMs) {
      await clock.sleep(pollMs);
      const still = (await state.tasksOf(service.ID)).tasks.find(({ ID }) => ID === task.ID);
      if (still === undefined || courseOf(still) !== "running") return;
    }
    await state.scale(service.ID, 0);
  }

  async #find({ worker, id }: ContainerRef): Promise<{ service?: SwarmService; task?: SwarmTask }> {
    const { services, tasks } = await this.#options.state.look();
    const name = containerName(this.#options.cluster, worker);
    const service = services.find(({ Spec }) => Spec.Name === name);
    const task = tasks.find((one) => containerIdOf(one) === id);
    return { ...(service && { service }), ...(task && { task }) };
  }

  /** The service stays, as the record of the volume and its host. */
  async remove(container: ContainerRef): Promise<void> {
    const { service, task } = await this.#find(container);
    if (service === undefined || !shallRun(service)) return;
    if (task !== undefined && courseOf(task) === "running")
      throw new TransientError(`remove container ${shortId(container.id)}: it runs`);
    await this.#options.state.scale(service.ID, 0);
  }

  async lastWords(container: ContainerRef): Promise<string> {
    try {
      const { service } = await this.#find(container);
      return service === undefined ? "" : await this.#options.state.lastWords(service.ID);
    } catch {
      return "";
    }
  }

  /** A manager tells no events of other hosts. */
  async watch(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
    const { state, clock } = this.#options;
    let before = new Map<string, string>();
    while (!signal.aborted) {
      const tasks = await state.tasks();
      const now = new Map(tasks.map((task) => [task.ID, courseOf(task)]));
      for (const [id, course] of before)
        if (course === "running" && now.get(id) !== "running") onEvent("death");
      for (const [id, course] of now)
        if (course === "running" && before.get(id) !== "running") onEvent("change");
      before = now;
      await clock.sleep(pollMs, signal);
    }
  }
}
