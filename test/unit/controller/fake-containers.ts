// Containers, volumes and hosts of a fake world, as its engine shows them.
import { labels, shortId } from "../../../controller/names.ts";
import type { ContainerSeen, EngineView, HostSeen, WorkerContainer } from "../../../controller/ports.ts";
import { onlyHost } from "./makers.ts";

interface FakeContainer {
  seen: ContainerSeen;
  readonly volume: string;
  /** Does nothing any more, but its process is there. */
  hung: boolean;
}

export class FakeContainers {
  readonly all = new Map<string, FakeContainer>();
  hosts: readonly HostSeen[] = [onlyHost];
  /** Where each volume is. */
  readonly homes = new Map<string, string>();
  #ids = 0;

  get running(): readonly FakeContainer[] {
    return [...this.all.values()].filter(({ seen }) => seen.state === "running");
  }

  /** Those that reach ZooKeeper and the broker. */
  get connected(): readonly FakeContainer[] {
    return this.running.filter(({ seen, hung }) => !hung && !this.isAway(seen.host));
  }

  isAway(host: string): boolean {
    return this.hosts.some(({ name, reachable }) => name === host && !reachable);
  }

  /** What runs there goes on, out of sight. */
  setReachable(name: string, reachable: boolean, sinceMs: number): void {
    this.hosts = this.hosts.map((host) => (host.name === name ? { ...host, reachable, sinceMs } : host));
  }

  view(image: string, volumes: Iterable<string>): EngineView {
    const home = (worker: string): string => this.homes.get(worker) ?? onlyHost.name;
    const there = [...volumes].filter((worker) => !this.isAway(home(worker)));
    return {
      hosts: this.hosts.map((host) => ({ ...host, image })),
      ours: [...this.all.values()].map(({ seen }) =>
        this.isAway(seen.host) ? { ...seen, state: "unknown" } : seen,
      ),
      volumes: new Map(there.map((worker) => [worker, home(worker)])),
      foreign: [],
    };
  }

  /** By its id, if its host can be reached. */
  reach(id: string): FakeContainer {
    const container = this.all.get(id);
    if (container === undefined) throw new Error("no such container");
    if (this.isAway(container.seen.host)) throw new Error(`${container.seen.host} is away`);
    return container;
  }

  create({ name, worker, host, volume, labels: made }: WorkerContainer): string {
    if (this.isAway(host)) throw new Error(`${host} is away`);
    if ([...this.all.values()].some((one) => one.seen.worker === worker))
      throw new Error(`the name ${name} is taken`);
    const id = `${(++this.#ids).toString(16).padStart(12, "0")}${"0".repeat(52)}`;
    const seen: ContainerSeen = {
      id,
      shortId: shortId(id),
      worker,
      host,
      specHash: made[labels.spec] ?? "",
      state: "dead",
      pid: 0,
      startedAtMs: 0,
      finishedAtMs: 0,
      ending: "clean",
      endedWith: "exit code 0",
    };
    this.all.set(id, { seen, volume: volume.name, hung: false });
    return id;
  }
}
