// Where the programs of a simulated cluster stand: on which host, how they reach the brokers and the ZooKeeper servers, and what
// of that is lost when a host is.
import { TransientError } from "../../core/errors.ts";
import type { OpenBroker } from "../../platform/rabbitmq/port.ts";
import type { OpenZnodeSession } from "../../platform/zookeeper/port.ts";
import { Link } from "../fakes/link.ts";
import type { MemoryBroker } from "../fakes/memory-broker.ts";
import type { MemoryConnection } from "../fakes/memory-connection.ts";
import type { MemorySession, Reached } from "../fakes/memory-session.ts";
import type { MemoryZooKeeper } from "../fakes/memory-zookeeper.ts";
import type { VirtualProcess } from "../fakes/virtual-process.ts";
import type { VirtualWorld } from "../fakes/virtual-world.ts";

const rabbitDelayMs = 2;
const zooKeeperDelayMs = 4;
const connectMs = 20;
/** A broker whose host says nothing is given up after that time, and the next one is tried. */
const connectWithinMs = 1_000;

/** The programs that stand on one address: they are cut off together, and the next of that name with them. */
export interface Site {
  readonly name: string;
  /** By its number, from 0. */
  readonly host: number;
  /** By the broker's, and by the server's number. */
  readonly rabbits: readonly Link[];
  readonly zooKeepers: readonly Link[];
  readonly connections: Set<MemoryConnection>;
  readonly sessions: Set<MemorySession>;
}

export class Sites {
  readonly hosts: readonly string[];
  readonly #world: VirtualWorld;
  readonly #broker: MemoryBroker;
  readonly #zooKeeper: MemoryZooKeeper;
  readonly #sites = new Map<string, Site>();
  readonly #away = new Map<number, "lost" | "cut">();

  constructor(
    world: VirtualWorld,
    broker: MemoryBroker,
    zooKeeper: MemoryZooKeeper,
    hosts: readonly string[],
  ) {
    this.hosts = hosts;
    this.#world = world;
    this.#broker = broker;
    this.#zooKeeper = zooKeeper;
  }

  /** The same program on another host stands on another address. */
  of(program: string, host = 0): Site {
    const name = host === 0 ? program : `${program}@${this.hosts[host]}`;
    const known = this.#sites.get(name);
    if (known !== undefined) return known;
    const links = (service: string, delayMs: number) =>
      this.hosts.map(
        (_, i) => new Link(this.#world, `${name} ${service}${i === 0 ? "" : ` ${i + 1}`}`, delayMs),
      );
    const site: Site = {
      name,
      host,
      rabbits: links("rabbit", rabbitDelayMs),
      zooKeepers: links("zookeeper", zooKeeperDelayMs),
      connections: new Set(),
      sessions: new Set(),
    };
    this.#sites.set(name, site);
    this.#cutBetweenHosts(site);
    return site;
  }

  all(): readonly Site[] {
    return [...this.#sites.values()];
  }

  stateOf(host: number): "there" | "lost" | "cut" {
    return this.#away.get(host) ?? "there";
  }

  /** A host is lost or cut off: what passes between it and the others does not arrive any more. */
  setAway(host: number, state: "there" | "lost" | "cut"): void {
    if (state === "there") this.#away.delete(host);
    else this.#away.set(host, state);
    for (const site of this.all()) this.#cutBetweenHosts(site);
  }

  #cutBetweenHosts(site: Site): void {
    for (const links of [site.rabbits, site.zooKeepers])
      for (const [to, link] of links.entries())
        if (this.#isWay(site.host, to)) link.mend("host");
        else link.cut("host");
  }

  #isWay(from: number, to: number): boolean {
    if (this.#away.get(from) === "lost" || this.#away.get(to) === "lost") return false;
    return from === to || (!this.#away.has(from) && !this.#away.has(to));
  }

  /** The server of its own host first. */
  #inOrder(site: Site): readonly number[] {
    return this.hosts.map((_, i) => (site.host + i) % this.hosts.length);
  }

  /** A server that this site reaches, and that has a majority; undefined while there is none. */
  zooKeeperFrom(site: Site): Reached | undefined {
    const { leader } = this.#zooKeeper;
    if (leader === undefined) return undefined;
    const server = this.#inOrder(site).find((i) => site.zooKeepers[i]?.isCut === false && !this.#away.has(i));
    return server === undefined ? undefined : { server, link: site.zooKeepers[server] as Link };
  }

  connections(process: VirtualProcess, site: Site): OpenBroker {
    const reaches = (node: number) => site.rabbits[node]?.isCut === false;
    return async () => {
      for (const node of this.#inOrder(site)) {
        await process.work(connectMs);
        if (!reaches(node)) {
          if (this.hosts.length > 1) await process.sleep(connectWithinMs);
          continue;
        }
        if (!this.#broker.accepts(node)) continue;
        const connection = this.#broker.connect(process, site.rabbits[node] as Link, node, reaches);
        if (node !== site.host) connection.awayFrom = site.host;
        site.connections.add(connection);
        const gone = () => site.connections.delete(connection);
        connection.ended.addEventListener("abort", gone, { once: true });
        return connection;
      }
      throw new TransientError("open a RabbitMQ connection");
    };
  }

  sessions(process: VirtualProcess, site: Site): OpenZnodeSession {
    return async (timeoutMs) => {
      await process.work(connectMs);
      const reached = this.zooKeeperFrom(site);
      if (reached === undefined) throw new TransientError("open a ZooKeeper session");
      const session = this.#zooKeeper.connect(process, reached.link, timeoutMs, reached.server);
      site.sessions.add(session);
      session.ended.addEventListener("abort", () => site.sessions.delete(session), { once: true });
      return session;
    };
  }
}
