// Carries out the faults of a course, and makes peace at the end.

import { assertNever } from "../../core/errors.ts";
import { fromJson } from "../../core/state/znodes.ts";
import type { Volume } from "../fakes/memory-disk.ts";
import type { Random } from "../fakes/virtual-world.ts";
import type { Cluster } from "./cluster.ts";
import { Commands } from "./commands.ts";
import type { Fault } from "./course.ts";
import { Hosts } from "./hosts.ts";
import type { Site } from "./sites.ts";
import {
  type BrokerStrike,
  type ClusterStrike,
  type HostStrike,
  lengthOf,
  type Strike,
  type VolumeStrike,
} from "./strikes.ts";
import { type Struck, Targets } from "./targets.ts";

export class Faults {
  readonly overAtMs: number;
  readonly #cluster: Cluster;
  readonly #commands: Commands;
  readonly #random: Random;
  readonly #hosts: Hosts;
  readonly #targets: Targets;
  readonly #undo = new Set<() => void>();
  #peace = false;

  constructor(cluster: Cluster, faults: readonly Fault[]) {
    this.#cluster = cluster;
    this.#commands = new Commands(cluster);
    this.#hosts = new Hosts(cluster);
    this.#random = cluster.world.random("faults");
    this.#targets = new Targets(cluster);
    this.overAtMs = Math.max(0, ...faults.map(({ atMs, strike }) => atMs + lengthOf(strike)));
    for (const fault of faults) cluster.world.after(fault.atMs, () => this.#begin(fault));
  }

  /** Everything is mended; no fault strikes any more. */
  makePeace(): void {
    this.#peace = true;
    const { broker, engine, zooKeeper, controllers, apis, sites } = this.#cluster;
    for (const { process } of [...controllers, ...apis, ...engine.running()]) {
      process.onStep = undefined;
      process.resume();
    }
    zooKeeper.onCreate = undefined;
    broker.isDown = false;
    broker.setBlocked(false);
    engine.isDown = false;
    for (const site of sites.all()) this.#mend(site);
    for (const undo of [...this.#undo]) undo();
  }

  #begin(fault: Fault): void {
    const { step, strike, target } = fault;
    if (this.#peace) return;
    if (fault.onSuspects === true) {
      this.#onSuspects(strike);
      return;
    }
    const struck = this.#targets.struckBy(target);
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
      const struck = this.#targets.struckBy("master");
      if (struck !== undefined) this.#strike(struck, strike);
    };
  }

  #strike(struck: Struck, strike: Strike): void {
    this.#cluster.world.tell(struck.site.name, JSON.stringify(strike));
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
        for (const session of struck.site.sessions) session.expire();
        break;
      case "forget":
        this.#forget(struck);
        break;
      case "loseHost":
      case "cutHost":
        this.#strikeHost(struck.site.host, strike);
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

  #strikeHost(ofTarget: number, strike: HostStrike): void {
    const hosts = this.#hosts;
    const host = (strike.kind === "loseHost" ? strike.host : undefined) ?? ofTarget;
    if (strike.kind === "loseHost") hosts.lose(host, strike.lost);
    else hosts.cut(host);
    this.#later(strike.ms, () => hosts.giveBack(host));
  }

  #strikeAll(strike: BrokerStrike | ClusterStrike): void {
    const { broker, zooKeeper, sites } = this.#cluster;
    switch (strike.kind) {
      case "restartBroker":
        if (strike.broker === undefined) broker.restart();
        else broker.restartOne(strike.broker, 0);
        break;
      case "brokerDown":
        if (strike.broker === undefined) broker.goDown(strike.ms);
        else broker.restartOne(strike.broker, strike.ms);
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
        for (const site of sites.all()) this.#cut(site, strike.ms, false, true);
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

  /**
   * An operator sees that not all that was acknowledged is there, and lets the service go on without it. Asked at each host: the acting
   * controller takes a command for too old that comes from a host whose clock is behind its own.
   */
  acceptLoss(): void {
    const { apis, world } = this.#cluster;
    world.tell("operator", "accepts the loss");
    for (const host of apis.keys()) this.#commands.leave({ kind: "acceptLoss" }, host);
  }

  #crash({ process, container }: Struck, outOfMemory: boolean): void {
    if (container === undefined) process.kill();
    else this.#cluster.engine.crash(container, { outOfMemory });
  }

  #forget({ container }: Struck): void {
    const { zooKeeper, paths } = this.#cluster;
    if (container === undefined) return;
    for (const path of [paths.master, paths.worker(container.worker)]) {
      const node = zooKeeper.nodes.get(path);
      if (node !== undefined && fromJson<{ readonly name: string }>(node.data)?.name === container.worker)
        zooKeeper.remove(path);
    }
  }

  /** The controller is the last to come back: nobody starts a worker before. */
  #stopAll(ms: number): void {
    const { engine, controllers, apis, world } = this.#cluster;
    engine.isDown = true;
    for (const container of engine.running()) engine.crash(container);
    for (const { process } of [...controllers, ...apis]) process.kill();
    world.after(ms, () => {
      engine.isDown = false;
    });
  }

  #pause({ process, site }: Struck, ms: number): void {
    if (process.paused) return;
    process.pause();
    const { sessions, connections } = site;
    for (const session of sessions) session.unheardFor(ms, this.#random);
    for (const connection of connections) connection.noticePause(ms, this.#random);
    this.#later(ms, () => process.resume());
  }

  #cut(site: Site, ms: number, rabbit: boolean, zooKeeper: boolean): void {
    if (rabbit && !site.rabbits.every(({ isCut }) => isCut)) {
      for (const link of site.rabbits) link.cut();
      for (const connection of site.connections) connection.noticeCut(this.#random);
    }
    if (zooKeeper && !site.zooKeepers.every(({ isCut }) => isCut)) {
      for (const link of site.zooKeepers) link.cut();
      for (const session of site.sessions) session.unheardFor(ms, this.#random);
    }
    this.#later(ms, () => this.#mend(site));
  }

  #mend(site: Site): void {
    for (const link of site.rabbits) link.mend();
    const wasCut = site.zooKeepers.some((link) => link.isCut);
    for (const link of site.zooKeepers) link.mend();
    if (wasCut) for (const session of site.sessions) session.mended();
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
