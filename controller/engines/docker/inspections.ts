// What the list of containers does not tell (pids, when a process began and how it ended), asked for container by container, and
// asked again only when something may have changed.
import type { ContainerSeen } from "../../ports.ts";
import type { ContainerListed, DockerApi } from "./docker-api.ts";
import { seenOf } from "./docker-formats.ts";

interface Inspected {
  readonly run: string;
  readonly seen: ContainerSeen;
}

export class Inspections {
  readonly #api: DockerApi;
  #known = new Map<string, Inspected>();
  /** Events spoke of these since: the list may still show them as they were. */
  readonly #stale = new Set<string>();

  constructor(api: DockerApi) {
    this.#api = api;
  }

  /** Something happened to this container. */
  changed(id: string): void {
    if (this.#known.has(id)) this.#stale.add(id);
  }

  async of(listed: readonly ContainerListed[], host: string): Promise<readonly ContainerSeen[]> {
    const inspected = await Promise.all(listed.map((one) => this.#inspect(one, host)));
    const found = inspected.filter((one) => one !== null);
    this.#known = new Map(found.map((one) => [one.seen.id, one]));
    for (const id of this.#stale) if (!this.#known.has(id)) this.#stale.delete(id);
    return found.map(({ seen }) => seen);
  }

  /** @returns null when it is gone meanwhile */
  async #inspect(listed: ContainerListed, host: string): Promise<Inspected | null> {
    const { Id: id } = listed;
    const run = runOf(listed);
    const known = this.#known.get(id);
    const wasChanged = this.#stale.delete(id);
    if (!wasChanged && run !== "" && known?.run === run) return known;
    const details = await this.#api.found("inspect container", (docker) => docker.getContainer(id).inspect());
    return details === null ? null : { run, seen: seenOf(listed, details.State, host) };
  }
}

/**
 * What tells one run of a container's process from the next: its places in the networks, which are made anew with each start.
 * Empty while it does not run: then it is inspected each time.
 */
const runOf = ({ State, NetworkSettings }: ContainerListed): string =>
  State === "running"
    ? Object.values(NetworkSettings.Networks)
        .map(({ EndpointID }) => EndpointID)
        .sort()
        .join()
    : "";
