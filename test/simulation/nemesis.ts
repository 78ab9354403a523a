// Carries out a plan's faults, plays the controller's part after a crash, and makes peace at the end.
import { assertNever } from "../../core/errors.ts";
import { comparePlaces, holdsAll } from "../../core/log/place.ts";
import { fromJson, type LogNode, noterOf, toJson } from "../../core/state/znodes.ts";
import { Disk } from "../fakes/memory-ledger.ts";
import type { Random } from "../fakes/virtual-world.ts";
import type { Fault, Strike } from "./plan.ts";
import type { SimulatedWorker, Surroundings } from "./simulated-worker.ts";

const controllerNoticesMs = 120;
const acceptsAfterMs = 10_000;

export class Nemesis {
  readonly overAtMs: number;
  readonly #around: Surroundings;
  readonly #workers: readonly SimulatedWorker[];
  readonly #random: Random;
  #peace = false;

  constructor(around: Surroundings, workers: readonly SimulatedWorker[], faults: readonly Fault[]) {
    this.#around = around;
    this.#workers = workers;
    this.#random = around.world.random("nemesis");
    this.overAtMs = Math.max(0, ...faults.map(({ atMs, strike }) => atMs + lengthOf(strike)));
    this.#listVolumes();
    for (const fault of faults) around.world.after(fault.atMs, () => this.#begin(fault));
  }

  /** As the controller does before it publishes the manifest. */
  #listVolumes(): void {
    const { zooKeeper, paths, spec } = this.#around;
    for (const { name } of this.#workers)
      zooKeeper.create(paths.copy(name), toJson({ holds: null, atMs: 0 }), null, false);
    zooKeeper.create(paths.spec, toJson({ generation: 1, spec }), null, false);
  }

  /** An operator who sees that the last master's copy is lost, and that the log was not: the fullest copy goes on. */
  #acceptLoss(): void {
    const { zooKeeper, paths, broker, world } = this.#around;
    const known = fromJson<LogNode>(zooKeeper.nodes.get(paths.log)?.data ?? "");
    const last = this.#workers.find(({ name }) => name === known?.master);
    if (known === null || known.broker === broker.memoryId || last === undefined) return;
    if (holdsAll(last.disk.contents.applied, known)) return;
    const [best] = [...this.#workers].sort((a, b) =>
      comparePlaces(b.disk.contents.applied, a.disk.contents.applied),
    );
    if (best === undefined) return;
    const { epoch, position } = best.disk.contents.applied;
    world.tell("operator", `accepts that ${known.master} is lost; goes on from ${best.name}`);
    zooKeeper.set(paths.log, toJson({ broker: "", master: best.name, epoch, position }), -1);
  }

  /** Everything is mended, everybody runs; no fault strikes any more. */
  makePeace(): void {
    this.#peace = true;
    for (const worker of this.#workers) {
      worker.process.onStep = undefined;
      worker.onSuspects = undefined;
      if (worker.process.dead) worker.start();
      worker.process.resume();
      this.#mend(worker);
    }
    this.#around.world.after(acceptsAfterMs, () => this.#acceptLoss());
  }

  #begin(fault: Fault): void {
    const { step, strike } = fault;
    if (fault.onSuspects === true) {
      for (const one of this.#workers)
        one.onSuspects = () => {
          for (const other of this.#workers) other.onSuspects = undefined;
          this.#strike(one, strike);
        };
      return;
    }
    const worker = this.#targetOf(fault);
    if (worker === undefined || this.#peace) return;
    if (step === undefined) {
      this.#strike(worker, strike);
      return;
    }
    let left = step;
    const { process } = worker;
    process.onStep = () => {
      left -= 1;
      if (left > 0 || this.#peace) return;
      process.onStep = undefined;
      this.#strike(worker, strike);
    };
  }

  #targetOf({ target }: Fault): SimulatedWorker | undefined {
    if (target !== "master") return this.#workers[target];
    const node = this.#around.zooKeeper.nodes.get(this.#around.paths.master);
    const name = node === undefined ? undefined : fromJson<{ name: string }>(node.data)?.name;
    return this.#workers.find((worker) => worker.name === name);
  }

  #strike(worker: SimulatedWorker, strike: Strike): void {
    const { world, broker } = this.#around;
    world.tell(worker.name, JSON.stringify(strike));
    if (worker.process.dead) return;
    switch (strike.kind) {
      case "crash":
        this.#crash(worker, strike);
        break;
      case "stop":
        worker.stop(strike.downMs);
        break;
      case "drain":
        worker.drain(strike.downMs);
        break;
      case "forget":
        this.#forget(worker, worker.process.name);
        break;
      case "pause":
        this.#pause(worker, strike.ms);
        break;
      case "cutRabbit":
        this.#cut(worker, strike.ms, true, false);
        break;
      case "cutZooKeeper":
        this.#cut(worker, strike.ms, false, true);
        break;
      case "cutBoth":
        this.#cut(worker, strike.ms, true, true);
        break;
      case "slowDisk":
        worker.diskSlowByMs = strike.byMs;
        world.after(strike.ms, () => {
          worker.diskSlowByMs = 0;
        });
        break;
      case "expireSession":
        worker.session?.expire();
        break;
      case "restartBroker":
        broker.restart();
        break;
      case "emptyZooKeeper":
        this.#emptyZooKeeper();
        break;
      default:
        assertNever(strike);
    }
  }

  #crash(worker: SimulatedWorker, { downMs, diskLost, noticed }: Extract<Strike, { kind: "crash" }>): void {
    const { world } = this.#around;
    const container = worker.process.name;
    worker.process.kill();
    if (diskLost) worker.disk = new Disk();
    if (noticed)
      world.after(this.#random() * controllerNoticesMs, () => {
        this.#judgeSuspects(worker, container);
        this.#forget(worker, container);
      });
    world.after(downMs, () => {
      if (worker.process.dead) worker.start();
    });
  }

  #emptyZooKeeper(): void {
    const sessions = new Set(this.#workers.map(({ session }) => session));
    this.#around.zooKeeper.empty((session) => !sessions.has(session));
    // The controller lists the volumes and tells the pids anew.
    this.#listVolumes();
    for (const worker of this.#workers) if (!worker.process.dead) worker.tellPid();
  }

  /** What a master was working on when it was killed from outside is not to blame; of a slave that is not known. */
  #judgeSuspects(worker: SimulatedWorker, container: string): void {
    const { zooKeeper, paths } = this.#around;
    const path = paths.suspect(noterOf(worker.name, container));
    const note = zooKeeper.nodes.get(path);
    if (note === undefined) return;
    const master = zooKeeper.nodes.get(paths.master);
    const led = fromJson<{ container: string }>(master?.data ?? "null")?.container === container;
    if (led) zooKeeper.remove(path);
    else zooKeeper.set(path, toJson({ ...fromJson<object>(note.data), died: true }), -1);
  }

  #forget(worker: SimulatedWorker, container: string): void {
    const { zooKeeper, paths } = this.#around;
    for (const path of [paths.master, paths.worker(worker.name)]) {
      const node = zooKeeper.nodes.get(path);
      if (node !== undefined && fromJson<{ container: string }>(node.data)?.container === container)
        zooKeeper.remove(path);
    }
  }

  #pause(worker: SimulatedWorker, ms: number): void {
    const { process, session, connection } = worker;
    if (process.paused) return;
    process.pause();
    session?.unheardFor(ms, this.#random);
    connection?.noticePause(ms, this.#random);
    this.#around.world.after(ms, () => process.resume());
  }

  #cut(worker: SimulatedWorker, ms: number, rabbit: boolean, zooKeeper: boolean): void {
    if (rabbit) {
      worker.rabbitLink.cut();
      worker.connection?.noticeCut(this.#random);
    }
    if (zooKeeper) {
      worker.zooKeeperLink.cut();
      worker.session?.unheardFor(ms, this.#random);
    }
    this.#around.world.after(ms, () => this.#mend(worker));
  }

  #mend(worker: SimulatedWorker): void {
    this.#around.world.tell(worker.name, "links mended");
    worker.rabbitLink.mend();
    if (!worker.zooKeeperLink.isCut) return;
    worker.zooKeeperLink.mend();
    worker.session?.mended();
  }
}

function lengthOf(strike: Strike): number {
  if ("ms" in strike) return strike.ms;
  return "downMs" in strike ? strike.downMs : 0;
}
