// Whom a fault strikes, at the moment at which it does.
import type { Holder } from "../../controller/registry/lock.ts";
import { fromJson, type MasterNode } from "../../core/state/znodes.ts";
import type { MemoryContainer } from "../fakes/memory-container.ts";
import type { VirtualProcess } from "../fakes/virtual-process.ts";
import type { Random } from "../fakes/virtual-world.ts";
import type { Cluster, Kept } from "./cluster.ts";
import type { Target } from "./course.ts";
import type { Site } from "./sites.ts";

export interface Struck {
  /** Where it stands. */
  readonly site: Site;
  readonly process: VirtualProcess;
  readonly container: MemoryContainer | undefined;
}

export class Targets {
  readonly #cluster: Cluster;
  readonly #random: Random;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#random = cluster.world.random("targets");
  }

  struckBy(target: Target): Struck | undefined {
    const { engine, zooKeeper, paths, sites } = this.#cluster;
    if (target === "controller" || target === "api") return this.#orchestrator(target);
    const running = engine.running();
    const node = zooKeeper.nodes.get(paths.master);
    const master = node === undefined ? undefined : fromJson<MasterNode>(node.data)?.name;
    const container =
      target === "master"
        ? running.find(({ worker }) => worker === master)
        : running[target % Math.max(1, running.length)];
    if (container === undefined) return undefined;
    const site = sites.of(container.worker, this.#cluster.hostOf(container));
    return { site, process: container.process, container };
  }

  /** The controller that acts; of the APIs any. */
  #orchestrator(target: "controller" | "api"): Struck {
    const { zooKeeper, paths, sites, apis, controllers } = this.#cluster;
    const holder = fromJson<Holder>(zooKeeper.nodes.get(paths.controller)?.data ?? "")?.host ?? "";
    const host =
      target === "controller"
        ? Math.max(0, sites.hosts.indexOf(holder))
        : Math.floor(this.#random() * apis.length);
    const { process } = (target === "api" ? apis : controllers)[host] as Kept;
    return { site: sites.of(target, host), process, container: undefined };
  }
}
