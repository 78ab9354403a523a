// What must hold while hosts are away, and what is only seen while they are.
import type { MemoryContainer } from "../fakes/memory-container.ts";
import type { Told } from "./clients.ts";
import type { Cluster } from "./cluster.ts";

export class HostPromises {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.zooKeeper.onRemove = (path) => this.#mustBeGone(path);
  }

  /** What is noted of a copy stays while its host is away. */
  #mustBeGone(path: string): void {
    const { paths, engine, sites } = this.#cluster;
    if (!path.startsWith(`${paths.copies}/`)) return;
    const worker = path.slice(paths.copies.length + 1);
    const host = engine.hostOfVolume(worker);
    if (host !== undefined && sites.stateOf(sites.hosts.indexOf(host)) !== "there")
      engine.failures.push(`the copy of ${worker} was forgotten while ${host} was away`);
  }

  /** Not all copies are on one host while another could have one. */
  crowded(running: readonly MemoryContainer[]): readonly string[] {
    const { sites } = this.#cluster;
    const hosts = new Set(running.map(({ made }) => made.host));
    return sites.hosts.length > 1 && running.length > 1 && hosts.size === 1
      ? [`all workers are on ${[...hosts].join()}`]
      : [];
  }

  /** All brokers are there: nobody leans on that of another host. */
  awayFromHome(): readonly string[] {
    const away = this.#cluster.sites
      .all()
      .filter(({ connections }) => [...connections].some((one) => one.isOpen && one.awayFrom !== undefined));
    return away.map(({ name }) => `${name} is connected to the broker of another host`);
  }

  /** One host is away, and the others have all that there should be. */
  notWhole(asked: readonly Told[]): readonly string[] {
    const { engine, sites, spec } = this.#cluster;
    const isThere = (host: string) => sites.stateOf(sites.hosts.indexOf(host)) === "there";
    const running = engine.running().filter(({ made }) => isThere(made.host));
    return [
      ...asked
        .filter(({ outcome }) => outcome !== "ok")
        .map(({ ask, code }) => `a ${ask.kind} got ${code ?? "no answer"}`),
      ...(running.length > spec.scaling.baseline ? [] : [`${running.length} workers run elsewhere`]),
      ...this.crowded(running),
    ].map((found) => `while one host was away ${found}`);
  }
}
