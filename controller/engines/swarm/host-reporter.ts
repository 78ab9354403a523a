// What this host's own engine knows, and no manager tells or tells as soon: the volumes, the image, and which processes have ended and how.
import type { HostNode } from "../../../core/state/znodes.ts";
import { labels, shortId } from "../../names.ts";
import type { EndedWorker, Ending, HostReporter } from "../../ports.ts";
import type { DockerApi } from "../docker/docker-api.ts";
import { endingOf } from "../docker/docker-formats.ts";
import { containersOf, volumesOf } from "../docker/listings.ts";
import type { Labelled } from "../ownership.ts";
import type { OwnParts } from "./own-parts.ts";

export interface HostReporterOptions {
  readonly api: DockerApi;
  readonly name: string;
  readonly cluster: string;
  /** The name of the image that workers run from. */
  readonly image: string;
  /** The cluster's own servers on this host. */
  readonly parts: Pick<OwnParts, "look">;
}

/** The last ones: each is looked up within a moment of its end. */
const killedMax = 20;

export class SwarmHostReporter implements HostReporter {
  readonly #options: HostReporterOptions;
  /** By the ids of containers that have ended. */
  readonly #endings = new Map<string, Ending>();

  constructor(options: HostReporterOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  async look(ended: readonly EndedWorker[]): Promise<HostNode> {
    const { name, parts } = this.#options;
    const [image, volumes] = await Promise.all([this.#image(), this.#volumes()]);
    return { host: name, image, volumes, killed: killedAmong(ended), ...parts.look() };
  }

  async ended(): Promise<readonly EndedWorker[]> {
    const { api, cluster } = this.#options;
    const listed = await containersOf(api, cluster);
    for (const id of this.#endings.keys()) if (!listed.some(({ Id }) => Id === id)) this.#endings.delete(id);
    // The engine's list knows of an end some time after its event; the container itself at once.
    const running = listed.filter(({ Id }) => !this.#endings.has(Id));
    await Promise.all(running.map(({ Id }) => this.#lookUp(Id)));
    return listed.flatMap(({ Id, Labels }) => {
      const ending = this.#endings.get(Id);
      const worker = Labels[labels.worker];
      return ending === undefined || worker === undefined ? [] : [{ worker, container: shortId(Id), ending }];
    });
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

  async #lookUp(id: string): Promise<void> {
    const found = await this.#options.api.found("inspect container", (docker) =>
      docker.getContainer(id).inspect(),
    );
    if (found === null) return;
    const { Status, ExitCode, OOMKilled } = found.State;
    if (Status === "exited" || Status === "dead") this.#endings.set(id, endingOf(ExitCode, OOMKilled));
  }

  async watch(wake: () => void, signal: AbortSignal): Promise<void> {
    const filters = {
      type: ["container", "volume", "image"],
      event: ["die", "create", "destroy", "tag", "untag"],
    };
    await this.#options.api.events(filters, () => wake(), signal);
  }
}

function killedAmong(ended: readonly EndedWorker[]): HostNode["killed"] {
  const killed = ended.flatMap(({ container, ending }) =>
    ending === "killed" || ending === "outOfMemory" ? [[container, ending] as const] : [],
  );
  return Object.fromEntries(killed.slice(0, killedMax).sort(([a], [b]) => a.localeCompare(b)));
}
