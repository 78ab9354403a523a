// What this host's own engine knows and no manager tells: the volumes, the image, and whether a process that was killed had wanted
// too much memory.
import type { HostNode } from "../../../core/state/znodes.ts";
import { labels, shortId } from "../../names.ts";
import type { LocalHost } from "../../ports.ts";
import type { DockerApi } from "../docker/docker-api.ts";
import { endingOf } from "../docker/docker-formats.ts";
import { volumesOf } from "../docker/listings.ts";
import type { Labelled } from "../docker/ownership.ts";

export interface LocalHostOptions {
  readonly api: DockerApi;
  readonly name: string;
  readonly cluster: string;
  /** The name of the image that workers run from. */
  readonly image: string;
  /** What else of the cluster leads on this host. */
  readonly leads: () => Promise<HostNode["leads"]>;
}

/** The last ones: each is looked up within a moment of its end. */
const killedMax = 20;

export class SwarmLocalHost implements LocalHost {
  readonly #options: LocalHostOptions;
  /** By the ids of containers that have ended: null for those that were not killed. */
  readonly #ended = new Map<string, "killed" | "outOfMemory" | null>();

  constructor(options: LocalHostOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  async look(): Promise<HostNode> {
    const { name, leads } = this.#options;
    const [image, volumes, killed, led] = await Promise.all([
      this.#image(),
      this.#volumes(),
      this.#killed(),
      leads(),
    ]);
    return { host: name, image, volumes, killed, leads: led };
  }

  async #image(): Promise<string | null> {
    const { api, image } = this.#options;
    const found = await api.found("inspect the image", (docker) => docker.getImage(image).inspect());
    return found?.Id ?? null;
  }

  async #volumes(): Promise<readonly Labelled[]> {
    const { api, cluster } = this.#options;
    const own = (all: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith("dbaas.")));
    return (await volumesOf(api, cluster))
      .map((volume) => ({ name: volume.name, labels: own(volume.labels) }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  async #killed(): Promise<HostNode["killed"]> {
    const { api, cluster } = this.#options;
    const filters = { label: [`${labels.cluster}=${cluster}`], status: ["exited", "dead"] };
    const listed = await api.call("list containers that ended", (docker) =>
      docker.listContainers({ all: true, filters }),
    );
    for (const id of this.#ended.keys()) if (!listed.some(({ Id }) => Id === id)) this.#ended.delete(id);
    for (const { Id } of listed) if (!this.#ended.has(Id)) await this.#lookUp(Id);
    const killed = listed.flatMap(({ Id }) => {
      const how = this.#ended.get(Id);
      return how === null || how === undefined ? [] : [[shortId(Id), how] as const];
    });
    return Object.fromEntries(killed.slice(0, killedMax).sort(([a], [b]) => a.localeCompare(b)));
  }

  async #lookUp(id: string): Promise<void> {
    const found = await this.#options.api.found("inspect container", (docker) =>
      docker.getContainer(id).inspect(),
    );
    if (found === null) return;
    const { ExitCode, OOMKilled } = found.State;
    const ending = endingOf(ExitCode, OOMKilled);
    this.#ended.set(id, ending === "killed" || ending === "outOfMemory" ? ending : null);
  }

  async watch(wake: () => void, signal: AbortSignal): Promise<void> {
    const filters = {
      type: ["container", "volume", "image"],
      event: ["die", "create", "destroy", "tag", "untag"],
    };
    await this.#options.api.events(filters, () => wake(), signal);
  }
}
