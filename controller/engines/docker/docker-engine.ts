// Engine over a Docker socket: all of it one host. It sees only containers that bear our label or our names, and changes only
// those that bear the cluster's uid.
import { TransientError } from "../../../core/errors.ts";
import { labels, shortId } from "../../names.ts";
import type {
  ContainerRef,
  Engine,
  EngineEvent,
  EngineView,
  HostSeen,
  Signal,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../ports.ts";
import {
  foreignAmong,
  isOurs,
  type Labelled,
  mustOwnVolume,
  uidFromLabels,
  workersWithVolumes,
} from "../ownership.ts";
import { type ContainerListed, DockerApi } from "./docker-api.ts";
import {
  endingInWords,
  eventIn,
  hostConfigOf,
  labelled,
  lastWordsAsked,
  networkingOf,
  textOfLogs,
} from "./docker-formats.ts";
import { Inspections } from "./inspections.ts";
import { containersOf, volumesOf } from "./listings.ts";

export interface DockerEngineOptions {
  readonly socketPath: string;
  readonly cluster: string;
  readonly uid: string;
  /** The name of the image that workers run from. */
  readonly image: string;
  /** The host name of the machine or container that this program runs in. */
  readonly self: string;
}

const startWithinMs = 60_000;
/** How long a look at which other containers bear our names is good for. */
const namedForMs = 10_000;

export class DockerEngine implements Engine {
  readonly #api: DockerApi;
  readonly #inspections: Inspections;
  readonly #cluster: string;
  readonly #uid: string;
  readonly #imageName: string;
  readonly #self: string;
  /** Once known it holds: a later build is for a later controller. */
  #image: string | null = null;
  #hostName: string | null = null;
  #named: { readonly atMs: number; readonly ids: string; readonly found: readonly Labelled[] } | null = null;

  constructor({ socketPath, cluster, uid, image, self }: DockerEngineOptions) {
    this.#api = new DockerApi(socketPath);
    this.#inspections = new Inspections(this.#api);
    this.#cluster = cluster;
    this.#uid = uid;
    this.#imageName = image;
    this.#self = self;
  }

  async view(): Promise<EngineView> {
    const [listed, volumes, host] = await Promise.all([
      containersOf(this.#api, this.#cluster),
      volumesOf(this.#api, this.#cluster),
      this.#host(),
    ]);
    const owner = { cluster: this.#cluster, uid: this.#uid };
    const ours = await this.#inspections.of(
      listed.filter((info) => isOurs(labelled(info), owner)),
      host.name,
    );
    const foreign = foreignAmong(await this.#withWorkersNames(listed), volumes, owner);
    const workers = [...workersWithVolumes(volumes, owner)];
    return { hosts: [host], ours, volumes: new Map(workers.map((worker) => [worker, host.name])), foreign };
  }

  /** An engine that does not answer gives no view, so the host of one that does is reachable. */
  async #host(): Promise<HostSeen> {
    this.#hostName ??= (await this.#api.call("ask for its name", (docker) => docker.info())).Name as string;
    this.#image ??= (await this.#ownImage()) ?? (await this.#imageNamed());
    return {
      name: this.#hostName,
      number: 1,
      reachable: true,
      sinceMs: 0,
      image: this.#image,
      leads: [],
      partsAway: [],
    };
  }

  /** The image that the controller itself runs from: workers are of the same build, whatever was built since. */
  async #ownImage(): Promise<string | null> {
    const own = await this.#api.found("inspect the own container", (docker) =>
      docker.getContainer(this.#self).inspect(),
    );
    return own?.Config.Image === this.#imageName ? own.Image : null;
  }

  async #imageNamed(): Promise<string | null> {
    const image = await this.#api.found("inspect the image", (docker) =>
      docker.getImage(this.#imageName).inspect(),
    );
    return image?.Id ?? null;
  }

  /** Those with our label, and those that bear a worker's name without it. */
  async #withWorkersNames(listed: readonly ContainerListed[]): Promise<readonly Labelled[]> {
    const ids = listed.map(({ Id }) => Id).join();
    const last = this.#named;
    if (last !== null && last.ids === ids && performance.now() - last.atMs < namedForMs) return last.found;
    const pattern = `^/?${this.#cluster.replaceAll(/[.-]/g, "\\$&")}-w-[0-9]+$`;
    const named = await this.#api.call("list containers by name", (docker) =>
      docker.listContainers({ all: true, filters: { name: [pattern] } }),
    );
    const all = new Map([...listed, ...named].map((info) => [info.Id, labelled(info)]));
    this.#named = { atMs: performance.now(), ids, found: [...all.values()] };
    return this.#named.found;
  }

  async create(container: WorkerContainer): Promise<string> {
    const { name, image, command, environment } = container;
    try {
      const made = await this.#api.make(
        `create container ${name}`,
        (docker) =>
          docker.createContainer({
            name,
            Image: image,
            Cmd: [...command],
            Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
            Labels: { ...container.labels },
            HostConfig: hostConfigOf(container),
            NetworkingConfig: networkingOf(container),
          }),
        startWithinMs,
      );
      return made.id;
    } catch (error) {
      // Another container bears the name by now: look again.
      this.#named = null;
      throw error;
    }
  }

  /** Creating a volume that exists gives the existing one, with whatever is in it: so it is looked for before. */
  async claimVolume({ volume }: Pick<WorkerContainer, "volume">): Promise<"new" | "existing"> {
    const { name, labels: wanted } = volume;
    const inspect = `inspect volume ${name}`;
    const before = await this.#api.found(inspect, (docker) => docker.getVolume(name).inspect());
    if (before === null)
      await this.#api.make(`create volume ${name}`, (docker) =>
        docker.createVolume({ Name: name, Labels: { ...wanted } }),
      );
    const claimed = before ?? (await this.#api.call(inspect, (docker) => docker.getVolume(name).inspect()));
    mustOwnVolume({ name, labels: claimed.Labels ?? {} }, this.#uid);
    return before === null ? "new" : "existing";
  }

  async start(id: string): Promise<StartedContainer> {
    await this.#api.call(
      `start container ${shortId(id)}`,
      (docker) => docker.getContainer(id).start(),
      startWithinMs,
    );
    const { State } = await this.#api.call("inspect container", (docker) =>
      docker.getContainer(id).inspect(),
    );
    if (!State.Running) {
      const how = endingInWords(State.ExitCode, State.OOMKilled);
      throw new TransientError(`container ${shortId(id)} ended at once (${how})`);
    }
    return { id, pid: State.Pid };
  }

  async kill({ id, pid, container }: Target, signal: Signal): Promise<void> {
    const { State } = await this.#api.call("inspect container", (docker) =>
      docker.getContainer(id).inspect(),
    );
    if (!State.Running || State.Pid !== pid)
      throw new TransientError(`container ${container} does not run as pid ${pid} any more`);
    await this.#api.call(`kill container ${container}`, (docker) => docker.getContainer(id).kill({ signal }));
  }

  async remove({ id }: Pick<ContainerRef, "id">): Promise<void> {
    await this.#api.found(`remove container ${shortId(id)}`, (docker) => docker.getContainer(id).remove());
  }

  async lastWords({ id }: Pick<ContainerRef, "id">): Promise<string> {
    const written = await this.#api
      .call("read the container's log", (docker) => docker.getContainer(id).logs(lastWordsAsked))
      .catch(() => Buffer.alloc(0));
    return textOfLogs(written);
  }

  async watch(onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> {
    const filters = {
      type: ["container"],
      label: [`${labels.cluster}=${this.#cluster}`],
      event: ["create", "start", "die", "destroy", "rename", "pause", "unpause", "oom"],
    };
    const onLine = (line: string) => {
      const { action, id } = eventIn(line);
      this.#inspections.changed(id);
      onEvent(action === "die" ? "death" : "change");
    };
    await this.#api.events(filters, onLine, signal);
  }
}

/**
 * The uid that the cluster's volumes and containers bear; null when there are none.
 * @throws TerminalError when they bear several
 */
export async function uidOnEngine({
  socketPath,
  cluster,
}: Pick<DockerEngineOptions, "socketPath" | "cluster">): Promise<string | null> {
  const api = new DockerApi(socketPath);
  const [containers, volumes] = await Promise.all([containersOf(api, cluster), volumesOf(api, cluster)]);
  return uidFromLabels(cluster, volumes, containers.map(labelled));
}
