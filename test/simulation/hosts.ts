// Hosts that are lost and come back: everything that stands on one goes together.
import type { Random } from "../fakes/virtual-world.ts";
import type { Cluster } from "./cluster.ts";

/** After the loss of its leader a ZooKeeper ensemble answers nothing for that time. */
const electionMs = { least: 300, most: 1_500 } as const;

export class Hosts {
  readonly #cluster: Cluster;
  readonly #random: Random;
  #elections = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#random = cluster.world.random("hosts");
  }

  /** Without a word, as by a power cut. @param lost so many records had not reached its disk */
  lose(host: number, lost: number): void {
    const { engine, sites, world, broker, apis, controllers } = this.#cluster;
    const name = sites.hosts[host] as string;
    if (sites.stateOf(host) === "lost") return;
    world.tell(name, "is lost");
    // What it would still say does not arrive.
    sites.setAway(host, "lost");
    engine.loseHost(name);
    for (const container of engine.running())
      if (container.made.host === name) {
        container.volume.cutPower();
        engine.crash(container);
      }
    apis[host]?.process.kill();
    controllers[host]?.process.kill();
    broker.replicas?.vanish(host, lost);
    this.#isSilent(host);
  }

  /** Its programs run on, and see neither the others' brokers nor a majority of ZooKeeper. */
  cut(host: number): void {
    const { engine, sites, world, broker } = this.#cluster;
    const name = sites.hosts[host] as string;
    if (sites.stateOf(host) !== "there") return;
    world.tell(name, "is cut off");
    sites.setAway(host, "cut");
    engine.loseHost(name);
    broker.replicas?.setCut(host, true);
    this.#isSilent(host);
  }

  giveBack(host: number): void {
    const { engine, sites, world, broker, zooKeeper } = this.#cluster;
    const name = sites.hosts[host] as string;
    if (sites.stateOf(host) === "there") return;
    world.tell(name, "is back");
    sites.setAway(host, "there");
    engine.findHost(name);
    broker.replicas?.setCut(host, false);
    broker.replicas?.comeUp(host);
    if (zooKeeper.leader === undefined) this.#electLater();
  }

  /** Whoever talks across the hosts' border finds out for itself. */
  #isSilent(host: number): void {
    const { sites, zooKeeper } = this.#cluster;
    const isLeaderless = zooKeeper.leader === host || !this.#hasMajority;
    if (isLeaderless) {
      zooKeeper.leader = undefined;
      this.#electLater();
    }
    for (const site of sites.all()) {
      for (const connection of site.connections)
        if (site.host === host || connection.node === host) connection.noticeCut(this.#random);
      for (const session of site.sessions)
        if (isLeaderless || site.host === host || session.server === host)
          session.seeks(() => sites.zooKeeperFrom(site), this.#random);
    }
  }

  get #there(): readonly number[] {
    const { sites } = this.#cluster;
    return [...sites.hosts.keys()].filter((host) => sites.stateOf(host) === "there");
  }

  get #hasMajority(): boolean {
    return this.#there.length > this.#cluster.sites.hosts.length / 2;
  }

  #electLater(): void {
    this.#elections += 1;
    const election = this.#elections;
    const ms = electionMs.least + this.#random() * (electionMs.most - electionMs.least);
    this.#cluster.world.after(ms, () => {
      if (election !== this.#elections || !this.#hasMajority) return;
      this.#cluster.zooKeeper.leader = this.#there[0];
    });
  }
}
