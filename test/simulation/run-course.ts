// One run of a course: a world with the service in it, its clients, the faults at their moments, and then peace, in which everything must
// come right.
import { queues } from "../../core/messages/queues.ts";
import type { ClusterStatus } from "../../core/state/status.ts";
import { fromJson } from "../../core/state/znodes.ts";
import { VirtualWorld } from "../fakes/virtual-world.ts";
import { everybodyIsTold, isCalm } from "./calm-promises.ts";
import { Clients } from "./clients.ts";
import { Cluster } from "./cluster.ts";
import { type Copy, copyOn, placeOn } from "./copies.ts";
import type { Course, Operation } from "./course.ts";
import { Faults } from "./faults.ts";
import { HostPromises } from "./host-promises.ts";
import { violations } from "./promises.ts";

const peaceWithinMs = 120_000;
/** Then an operator looks at what the service waits for. */
const looksAfterMs = 40_000;
const probesWithinMs = 20_000;
const probesMax = 3;
const probes = ["add", "strongRead", "read"] as const;
const answersWithinMs = 5_000;
const settlesMs = 5_000;

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** How much happened, so that a simulation in which nothing happens is noticed. */
  readonly acknowledged: number;
  readonly elections: number;
  /** How often keys were forgotten, so far as any were old enough. */
  readonly forgettings: number;
  readonly lossAccepted: boolean;
}

export async function runCourse(course: Course, { trace: isTraced = false } = {}): Promise<Outcome> {
  const trace: string[] = [];
  const world = new VirtualWorld(course.seed, isTraced ? trace : undefined);
  const cluster = new Cluster(world, course.hosts ?? 1);
  try {
    return await new Run(course, world, cluster, trace).outcome();
  } finally {
    cluster.end();
  }
}

/** A record of a time at which keys are old enough to be forgotten. */
const forgets = (record: Buffer): boolean =>
  record.includes('"expireKeys"') && /"ownBeforeMs":[1-9]/.test(record.toString());

class Run {
  readonly #course: Course;
  readonly #world: VirtualWorld;
  readonly #cluster: Cluster;
  readonly #trace: readonly string[];
  readonly #clients: Clients;
  readonly #faults: Faults;
  readonly #hosts: HostPromises;
  #lossAccepted = false;

  constructor(course: Course, world: VirtualWorld, cluster: Cluster, trace: readonly string[]) {
    this.#course = course;
    this.#world = world;
    this.#cluster = cluster;
    this.#trace = trace;
    const { spec } = cluster;
    cluster.edit({ ...spec, scaling: { ...spec.scaling, baseline: course.slaves } });
    cluster.broker.roomMax = course.roomMax;
    this.#clients = new Clients(cluster);
    for (const operation of course.operations) this.#ask(operation, operation.atMs);
    this.#faults = new Faults(cluster, course.faults);
    this.#hosts = new HostPromises(cluster);
    if (course.wholeAtMs !== undefined) world.after(course.wholeAtMs, () => this.#mustBeWhole());
  }

  async outcome(): Promise<Outcome> {
    const { operations } = this.#course;
    const lastAtMs = Math.max(0, ...operations.map(({ atMs }) => atMs), this.#faults.overAtMs);
    await this.#world.advance(() => false, lastAtMs);
    this.#world.tell("peace", "is made");
    this.#faults.makePeace();
    // What stands on a host that has just come back connects first.
    if (this.#cluster.sites.hosts.length > 1)
      await this.#world.advance(() => false, this.#world.nowMs + settlesMs);
    await this.#comesRight(looksAfterMs);
    if (this.#dataIsMissing) {
      this.#lossAccepted = true;
      this.#clients.forgetTokens();
      this.#faults.acceptLoss();
    }
    await this.#comesRight(peaceWithinMs);
    const stuck = this.#stuck();
    if (stuck.length === 0) await this.#probe();
    return this.#checked(stuck.length > 0 ? stuck : this.#stuck());
  }

  #ask(operation: Operation, atMs: number): void {
    this.#world.after(atMs - this.#world.nowMs, () => {
      this.#world.touch();
      this.#clients.begin(operation);
    });
  }

  /** What looks calm must be it for a while. */
  async #comesRight(withinMs: number): Promise<void> {
    const untilMs = this.#world.nowMs + withinMs;
    while (this.#world.nowMs < untilMs && this.#stuck().length > 0)
      await this.#world.advance(() => false, Math.min(untilMs, this.#world.nowMs + 500));
  }

  /** One host is away: what is asked on another one is done. */
  #mustBeWhole(): void {
    const { sites, engine } = this.#cluster;
    const client = sites.hosts.findIndex((_, host) => sites.stateOf(host) === "there");
    const before = this.#clients.told.length;
    for (const kind of probes) this.#clients.begin({ client, atMs: 0, ownKey: true, asks: [{ kind }] });
    const asked = this.#clients.told.slice(before);
    this.#world.touch();
    this.#world.after(answersWithinMs, () => engine.failures.push(...this.#hosts.notWhole(asked)));
  }

  /** The service answers again: what is asked now, or a little later, is done. */
  async #probe(): Promise<void> {
    let refused: readonly string[] = [];
    for (let times = 0; times < probesMax; times++) {
      const before = this.#clients.told.length;
      for (const kind of probes) {
        this.#ask({ client: 0, atMs: 0, ownKey: true, asks: [{ kind }] }, this.#world.nowMs);
        await this.#world.advance(() => false, this.#world.nowMs + 100);
      }
      await this.#comesRight(probesWithinMs);
      refused = this.#clients.told
        .slice(before)
        .filter(({ outcome }) => outcome !== "ok")
        .map(({ ask, code }) => `after all a ${ask.kind} got ${code ?? "no answer"}`);
      if (refused.length === 0) return;
    }
    this.#cluster.engine.failures.push(...refused);
  }

  get #status(): ClusterStatus | null {
    const { zooKeeper, paths } = this.#cluster;
    return fromJson<ClusterStatus>(zooKeeper.nodes.get(paths.status)?.data ?? "");
  }

  get #dataIsMissing(): boolean {
    return (
      this.#status?.conditions.some(({ type, status }) => type === "DataComplete" && status === "False") ===
      true
    );
  }

  #stuck(): readonly string[] {
    const { broker, zooKeeper, engine, paths, spec } = this.#cluster;
    const running = engine.running();
    const going = [
      ...(this.#clients.open > 0 ? [`${this.#clients.open} operations are not over`] : []),
      ...(zooKeeper.nodes.has(paths.master) ? [] : ["nobody is master"]),
      ...(broker.queue(queues.write)?.ready.length ? ["writes wait in the queue"] : []),
      ...(running.length === spec.scaling.baseline + 1 ? [] : [`${running.length} workers run`]),
      ...this.#hosts.crowded(running),
      ...this.#hosts.awayFromHome(),
    ];
    if (going.length > 0) return going;
    const places = running.map(({ worker, volume }) => ({ worker, place: placeOn(volume) }));
    const [first] = places;
    return places
      .filter(({ place }) => place !== first?.place)
      .map(({ worker, place }) => `${worker} is at ${place}, ${first?.worker} at ${first?.place}`);
  }

  #checked(stuck: readonly string[]): Outcome {
    const { broker, engine } = this.#cluster;
    const kinds = new Set(this.#course.faults.map(({ strike }) => strike.kind));
    const logLost = kinds.has("deleteLog") || kinds.has("powerCut") || broker.hasLost;
    const copies = engine
      .running()
      .map(({ worker, volume }) => copyOn(worker, volume))
      .filter((copy): copy is Copy => copy !== undefined);
    const { told } = this.#clients;
    return {
      violations: violations({
        told,
        copies,
        log: logLost || this.#lossAccepted ? undefined : broker.log,
        stuck,
        failures: [
          ...engine.failures,
          ...this.#clients.contradictions,
          ...(isCalm(this.#course) ? everybodyIsTold(told) : []),
        ],
        lossAccepted: this.#lossAccepted,
        endedByItself: this.#course.faults.some(
          ({ strike }) => strike.kind === "crash" && strike.outOfMemory,
        ),
        volumeLost: kinds.has("loseVolume") || kinds.has("damageVolume"),
      }),
      // What is still said while the world ends is no part of the run.
      trace: [...this.#trace],
      acknowledged: told.filter(({ outcome }) => outcome === "ok").length,
      elections: broker.everTaken.filter((content) => content.includes('"kind":"marker"')).length,
      forgettings: broker.everTaken.filter(forgets).length,
      lossAccepted: this.#lossAccepted,
    };
  }
}
