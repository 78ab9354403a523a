// Carries out the faults of a course, and makes peace at the end.
import { assertNever } from "../../core/errors.ts";
import { fromJson, type MasterNode } from "../../core/state/znodes.ts";
import type { MemoryContainer } from "../fakes/memory-container.ts";
import type { Volume } from "../fakes/memory-disk.ts";
import type { VirtualProcess } from "../fakes/virtual-process.ts";
import type { Random } from "../fakes/virtual-world.ts";
import type { Cluster } from "./cluster.ts";
import { Commands } from "./commands.ts";
import type { Fault, Target } from "./course.ts";
import {
  type BrokerStrike,
  type ClusterStrike,
  lengthOf,
  type Strike,
  type VolumeStrike,
} from "./strikes.ts";

interface Struck {
  /** Where it stands. */
  readonly site: string;
  readonly process: VirtualProcess;
  readonly container: MemoryContainer | undefined;
}

export class Faults {
  readonly overAtMs: number;
  readonly #cluster: Cluster;
  readonly #commands: Commands;
  readonly #random: Random;
  readonly #undo = new Set<() => void>();
  #peace = false;

  constructor(cluster: Cluster, faults: readonly Fault[]) {
    this.#cluster = cluster;
    this.#commands = new Commands(cluster);
    this.#random = cluster.world.random("faults");
    this.overAtMs = Math.max(0, ...faults.map(({ atMs, strike }) => atMs + lengthOf(strike)));
    for (const fault of faults) cluster.world.after(fault.atMs, () => this.#begin(fault));
  }

  /** Everything is mended; no fault strikes any more. */
  makePeace(): void {
    this.#peace = true;
    const { broker, engine, zooKeeper, controller, apiProcess } = this.#cluster;
    for (const { process } of [controller, apiProcess, ...engine.running()]) {
      process.onStep = undefined;
      process.resume();
    }
    zooKeeper.onCreate = undefined;
    broker.isDown = false;
    broker.setBlocked(false);
    engine.isDown = false;
    for (const name of this.#cluster.sites.keys()) this.#mend(name);
    for (const undo of [...this.#undo]) undo();
  }

  #begin(fault: Fault): void {
    const { step, strike, target } = fault;
    if (this.#peace) return;
    if (fault.onSuspects === true) {
      this.#onSuspects(strike);
      return;
    }
    const struck = this.#struckBy(target);
    if (struck === undefined) return;
    if (step === undefined) {
      this.#strike(struck, strike);
      return;
    }
    let left = step;
    const { process } = struck;
    process.onStep = () => {
      left -= 1;
      if (left > 0 || this.#peace) return;
      process.onStep = undefined;
      this.#strike(struck, strike);
    };
  }

  #onSuspects(strike: Strike): void {
    const { zooKeeper, paths } = this.#cluster;
    zooKeeper.onCreate = (path) => {
      if (!path.startsWith(`${paths.suspects}/`)) return;
      zooKeeper.onCreate = undefined;
      const struck = this.#struckBy("master");
      if (struck !== undefined) this.#strike(struck, strike);
    };
  }

  #struckBy(target: Target): Struck | undefined {
    const { engine, controller, apiProcess, zooKeeper, paths } = this.#cluster;
    if (target === "controller" || target === "api") {
      const { process } = target === "api" ? apiProcess : controller;
      return { site: target, process, container: undefined };
    }
    const running = engine.running();
    const node = zooKeeper.nodes.get(paths.master);
    const master = node === undefined ? undefined : fromJson<MasterNode>(node.data)?.name;
    const container =
      target === "master"
        ? running.find(({ worker }) => worker === master)
        : running[target % Math.max(1, running.length)];
    if (container === undefined) return undefined;
    return { site: container.worker, process: container.process, container };
  }

  #strike(struck: Struck, strike: Strike): void {
    this.#cluster.world.tell(struck.site, JSON.stringify(strike));
    switch (strike.kind) {
      case "crash":
        this.#crash(struck, strike.outOfMemory);
        break;
      case "pause":
        this.#pause(struck, strike.ms);
        break;
      case "cutRabbit":
      case "cutZooKeeper":
      case "cutBoth":
        this.#cut(struck.site, strike.ms, strike.kind !== "cutZooKeeper", strike.kind !== "cutRabbit");
        break;
      case "expireSession":
        for (const session of this.#cluster.site(struck.site).sessions) session.expire();
        break;
      case "forget":
        this.#forget(struck);
        break;
      case "loseVolume":
      case "damageVolume":
      case "slowDisk":
      case "fullDisk":
        if (struck.container !== undefined) this.#strikeVolume(struck, struck.container.volume, strike);
        break;
      default:
        this.#strikeAll(strike);
    }
  }

  #strikeVolume(struck: Struck, volume: Volume, strike: VolumeStrike): void {
    switch (strike.kind) {
      case "loseVolume":
        this.#crash(struck, false);
        volume.empty();
        break;
      case "damageVolume":
        this.#crash(struck, false);
        volume.damage();
        break;
      case "slowDisk":
        volume.slowByMs = strike.byMs;
        this.#later(strike.ms, () => {
          volume.slowByMs = 0;
        });
        break;
      case "fullDisk":
        volume.isFull = true;
        this.#later(strike.ms, () => {
          volume.isFull = false;
        });
        break;
      default:
        assertNever(strike);
    }
  }

  #strikeAll(strike: BrokerStrike | ClusterStrike): void {
    const { broker, zooKeeper, sites } = this.#cluster;
    switch (strike.kind) {
      case "restartBroker":
        broker.restart();
        break;
      case "brokerDown":
        broker.goDown(strike.ms);
        break;
      case "blockBroker":
        broker.setBlocked(true);
        this.#later(strike.ms, () => broker.setBlocked(false));
        break;
      case "deleteLog":
        broker.deleteStream();
        break;
      case "trimLog":
        broker.trim(strike.keep);
        break;
      case "zooKeeperDown":
        for (const name of sites.keys()) this.#cut(name, strike.ms, false, true);
        break;
      case "emptyZooKeeper":
        zooKeeper.empty(() => false);
        break;
      default:
        this.#strikeMachine(strike);
    }
  }

  #strikeMachine(
    strike: Exclude<ClusterStrike, { readonly kind: "zooKeeperDown" | "emptyZooKeeper" }>,
  ): void {
    const { broker, engine, spec } = this.#cluster;
    switch (strike.kind) {
      case "engineDown":
        engine.isDown = true;
        this.#later(strike.ms, () => {
          engine.isDown = false;
        });
        break;
      case "scale":
        this.#cluster.edit({ ...spec, scaling: { ...spec.scaling, baseline: strike.slaves } });
        break;
      case "switchover":
        this.#commands.leave({ kind: "switchover" });
        break;
      case "withdrawnSwitchover":
        this.#commands.leaveFor(strike.afterMs, { kind: "switchover" });
        break;
      case "stopAll":
        this.#stopAll(strike.ms);
        break;
      case "powerCut":
        for (const { volume } of engine.volumes.values()) volume.cutPower();
        this.#stopAll(strike.ms);
        broker.loseEnd(strike.lost);
        broker.goDown(strike.ms);
        break;
      default:
        assertNever(strike);
    }
  }

  /** An operator sees that not all that was acknowledged is there, and lets the service go on without it. */
  acceptLoss(): void {
    this.#cluster.world.tell("operator", "accepts the loss");
    this.#commands.leave({ kind: "acceptLoss" });
  }

  #crash({ process, container }: Struck, outOfMemory: boolean): void {
    if (container === undefined) process.kill();
    else this.#cluster.engine.crash(container, { outOfMemory });
  }

  #forget({ site }: Struck): void {
    const { zooKeeper, paths } = this.#cluster;
    for (const path of [paths.master, paths.worker(site)]) {
      const node = zooKeeper.nodes.get(path);
      if (node !== undefined && fromJson<{ readonly name: string }>(node.data)?.name === site)
        zooKeeper.remove(path);
    }
  }

  /** The controller is the last to come back: nobody starts a worker before. */
  #stopAll(ms: number): void {
    const { engine, controller, apiProcess, world } = this.#cluster;
    engine.isDown = true;
    for (const container of engine.running()) engine.crash(container);
    controller.process.kill();
    apiProcess.process.kill();
    world.after(ms, () => {
      engine.isDown = false;
    });
  }

  #pause({ process, site }: Struck, ms: number): void {
    if (process.paused) return;
    process.pause();
    const { sessions, connections } = this.#cluster.site(site);
    for (const session of sessions) session.unheardFor(ms, this.#random);
    for (const connection of connections) connection.noticePause(ms, this.#random);
    this.#later(ms, () => process.resume());
  }

  #cut(name: string, ms: number, rabbit: boolean, zooKeeper: boolean): void {
    const site = this.#cluster.site(name);
    if (rabbit && !site.rabbit.isCut) {
      site.rabbit.cut();
      for (const connection of site.connections) connection.noticeCut(this.#random);
    }
    if (zooKeeper && !site.zooKeeper.isCut) {
      site.zooKeeper.cut();
      for (const session of site.sessions) session.unheardFor(ms, this.#random);
    }
    this.#later(ms, () => this.#mend(name));
  }

  #mend(name: string): void {
    const site = this.#cluster.site(name);
    site.rabbit.mend();
    if (!site.zooKeeper.isCut) return;
    site.zooKeeper.mend();
    for (const session of site.sessions) session.mended();
  }

  /** Or when peace is made, whichever comes first. */
  #later(ms: number, undo: () => void): void {
    const once = () => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#cluster.world.after(ms, once);
  }
}
