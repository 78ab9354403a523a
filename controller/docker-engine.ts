// The one door to dockerode: Engine over a Docker socket. It sees only containers that bear our label or our names, and
// changes only those that bear the cluster's uid.
import { createInterface } from "node:readline";
import Docker from "dockerode";
import { TerminalError, TransientError } from "../protocol/errors.ts";
import { within } from "../protocol/waiting.ts";
import { eventIn, hostConfigOf, networkingOf, textOfLogs } from "./docker-formats.ts";
import { containerName, labels, ordinalOf, shortId } from "./names.ts";
import type {
  ContainerSeen,
  ContainerState,
  Engine,
  EngineView,
  Signal,
  Target,
  WorkerContainer,
} from "./ports.ts";

export interface DockerEngineOptions {
  readonly socketPath: string;
  readonly cluster: string;
  readonly uid: string;
  /** The name of the image that workers run from. */
  readonly image: string;
  /** The host name of the machine or container that this program runs in. */
  readonly self: string;
}

const callWithinMs = 10_000;
const startWithinMs = 60_000;
const lastLines = 8;
/** How long a look at who else bears our names is good for. */
const foreignForMs = 10_000;

const statusCodeOf = (error: unknown): number =>
  typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : 0;

interface Inspected {
  readonly fingerprint: string;
  readonly seen: ContainerSeen;
}

export class DockerEngine implements Engine {
  readonly #docker: Docker;
  readonly #cluster: string;
  readonly #uid: string;
  readonly #imageName: string;
  readonly #self: string;
  /** Once known it holds: a later build is for a later controller. */
  #image: string | null = null;
  /**
   * Inspections are repeated only when the list tells of a change. A restarted container's status text begins anew with
   * seconds, and as long as it tells seconds nothing is taken for known.
   */
  #inspected = new Map<string, Inspected>();
  /** Events spoke of these since: the list may still show them as they were. */
  readonly #stale = new Set<string>();
  #foreign: { readonly atMs: number; readonly ids: string; readonly found: EngineView["foreign"] } | null =
    null;

  constructor({ socketPath, cluster, uid, image, self }: DockerEngineOptions) {
    this.#docker = new Docker({ socketPath });
    this.#cluster = cluster;
    this.#uid = uid;
    this.#imageName = image;
    this.#self = self;
  }

  async view(): Promise<EngineView> {
    const listed = await this.#call("list containers", (docker) =>
      docker.listContainers({ all: true, filters: { label: [`${labels.cluster}=${this.#cluster}`] } }),
    );
    const isOurs = ({ Labels }: Docker.ContainerInfo): boolean =>
      Labels[labels.uid] === this.#uid && ordinalOf(Labels[labels.worker] ?? "") !== null;
    const inspected = await Promise.all(listed.filter(isOurs).map((info) => this.#inspect(info)));
    const found = inspected.filter((one) => one !== null);
    this.#inspected = new Map(found.map((one) => [one.seen.id, one]));
    for (const id of this.#stale) if (!this.#inspected.has(id)) this.#stale.delete(id);
    const foreign = await this.#foreigners(listed, new Set(listed.filter(isOurs).map(({ Id }) => Id)));
    this.#image ??= (await this.#ownImage()) ?? (await this.#imageNamed());
    return { image: this.#image, ours: found.map(({ seen }) => seen), foreign };
  }

  /** The image that the controller itself runs from: workers are of the same build, whatever was built since. */
  async #ownImage(): Promise<string | null> {
    const own = await this.#found("inspect the own container", () =>
      this.#docker.getContainer(this.#self).inspect(),
    );
    return own?.Config.Image === this.#imageName ? own.Image : null;
  }

  async #imageNamed(): Promise<string | null> {
    const image = await this.#found("inspect the image", () =>
      this.#docker.getImage(this.#imageName).inspect(),
    );
    return image?.Id ?? null;
  }

  /** @returns null when there is no such thing, which is certain knowledge, too */
  async #found<T>(what: string, inspect: () => Promise<T>): Promise<T | null> {
    try {
      return await this.#call(what, inspect);
    } catch (error) {
      if (statusCodeOf((error as Error).cause) === 404) return null;
      throw error;
    }
  }

  async #inspect(info: Docker.ContainerInfo): Promise<Inspected | null> {
    const fingerprint = `${info.State} ${info.Status}`;
    const known = this.#inspected.get(info.Id);
    const fresh = !this.#stale.delete(info.Id) && !info.Status.includes("second");
    if (fresh && known?.fingerprint === fingerprint) return known;
    const details = await this.#found("inspect container", () =>
      this.#docker.getContainer(info.Id).inspect(),
    );
    return details === null ? null : { fingerprint, seen: seenOf(info, details.State) };
  }

  async #foreigners(
    labelled: readonly Docker.ContainerInfo[],
    ours: ReadonlySet<string>,
  ): Promise<EngineView["foreign"]> {
    const ids = labelled.map(({ Id }) => Id).join();
    const last = this.#foreign;
    if (last !== null && last.ids === ids && performance.now() - last.atMs < foreignForMs) return last.found;
    const pattern = `^/?${this.#cluster.replaceAll(/[.-]/g, "\\$&")}-w-[0-9]+$`;
    const [named, { Volumes }] = await Promise.all([
      this.#call("list containers by name", (docker) =>
        docker.listContainers({ all: true, filters: { name: [pattern] } }),
      ),
      this.#call("list volumes", (docker) =>
        docker.listVolumes({ filters: JSON.stringify({ name: [containerName(this.#cluster, "w-")] }) }),
      ),
    ]);
    const others = new Map(
      [...labelled, ...named].filter(({ Id }) => !ours.has(Id)).map((one) => [one.Id, one]),
    );
    const containers = [...others.values()].map(({ Names, Labels }) => ({
      name: (Names[0] ?? "").replace(/^\//, ""),
      reason:
        Labels[labels.cluster] === this.#cluster
          ? "container with this cluster's label and another uid"
          : "container with a worker's name and without this cluster's labels",
    }));
    const volumes = (Volumes ?? [])
      .filter((volume) => volume.Labels?.[labels.uid] !== this.#uid)
      .map(({ Name }) => ({ name: Name, reason: "volume with a worker's name that is not this cluster's" }));
    const found = [
      ...containers.map((one) => ({ ...one, worker: this.#workerNamed(one.name) })),
      ...volumes
        .map((one) => ({ ...one, worker: this.#workerNamed(one.name) }))
        .filter(({ worker }) => worker !== null),
    ].sort((a, b) => a.name.localeCompare(b.name));
    this.#foreign = { atMs: performance.now(), ids, found };
    return found;
  }

  #workerNamed(name: string): string | null {
    const prefix = containerName(this.#cluster, "");
    const worker = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    return ordinalOf(worker) === null ? null : worker;
  }

  async create(container: WorkerContainer): Promise<string> {
    try {
      await this.#ownVolume(container.volume);
      const { name, image, command, environment } = container;
      const made = await this.#call(
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
      // Somebody bears the name by now: look again.
      this.#foreign = null;
      throw error;
    }
  }

  /** Creating a volume that exists gives the existing one, whoever made it. */
  async #ownVolume(volume: WorkerContainer["volume"]): Promise<void> {
    await this.#call(`create volume ${volume.name}`, (docker) =>
      docker.createVolume({ Name: volume.name, Labels: { ...volume.labels } }),
    );
    const { Labels } = await this.#call(`inspect volume ${volume.name}`, () =>
      this.#docker.getVolume(volume.name).inspect(),
    );
    if (Labels?.[labels.uid] !== this.#uid)
      throw new TerminalError(`volume ${volume.name} belongs to somebody else`);
  }

  async start(id: string): Promise<number> {
    const container = this.#docker.getContainer(id);
    await this.#call(`start container ${shortId(id)}`, () => container.start(), startWithinMs);
    const { State } = await this.#call("inspect container", () => container.inspect());
    if (!State.Running)
      throw new TransientError(`container ${shortId(id)} ended at once (exit code ${State.ExitCode})`);
    return State.Pid;
  }

  async kill({ id, pid, container }: Target, signal: Signal): Promise<void> {
    const target = this.#docker.getContainer(id);
    const { State } = await this.#call("inspect container", () => target.inspect());
    if (!State.Running || State.Pid !== pid)
      throw new TransientError(`container ${container} does not run as pid ${pid} any more`);
    await this.#call(`kill container ${container}`, () => target.kill({ signal }));
  }

  async remove(id: string): Promise<void> {
    try {
      await this.#call(`remove container ${shortId(id)}`, (docker) => docker.getContainer(id).remove());
    } catch (error) {
      if (statusCodeOf((error as Error).cause) !== 404) throw error;
    }
  }

  async lastWords(id: string): Promise<string> {
    const written = await this.#call("read the container's log", (docker) =>
      docker.getContainer(id).logs({ stdout: true, stderr: true, tail: lastLines, follow: false }),
    ).catch(() => Buffer.alloc(0));
    return textOfLogs(written);
  }

  async watch(onEvent: (event: { readonly action: string }) => void, signal: AbortSignal): Promise<void> {
    const stream = await this.#call("subscribe to events", (docker) =>
      docker.getEvents({
        filters: {
          type: ["container"],
          label: [`${labels.cluster}=${this.#cluster}`],
          event: ["create", "start", "die", "destroy", "rename", "pause", "unpause", "oom"],
        },
      }),
    );
    // Chunks are not events: one may hold several, or a part of one.
    const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
    const stop = () => {
      lines.close();
      (stream as unknown as { destroy(): void }).destroy();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const line of lines) {
        const { action, id } = eventIn(line);
        if (this.#inspected.has(id)) this.#stale.add(id);
        onEvent({ action });
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  async #call<T>(what: string, call: (docker: Docker) => Promise<T>, ms = callWithinMs): Promise<T> {
    try {
      return await within(call(this.#docker), ms, `Docker: ${what}`);
    } catch (cause) {
      const terminal =
        statusCodeOf(cause) === 400 || (statusCodeOf(cause) === 404 && what.startsWith("create"));
      throw terminal ? new TerminalError(what, { cause }) : new TransientError(what, { cause });
    }
  }
}

type InspectedState = Docker.ContainerInspectInfo["State"];

const stateOf = (state: InspectedState): ContainerState => {
  if (state.Status === "removing" || state.Restarting) return "going";
  return state.Running ? "running" : "dead";
};

const seenOf = (info: Docker.ContainerInfo, state: InspectedState): ContainerSeen => ({
  id: info.Id,
  shortId: shortId(info.Id),
  worker: info.Labels[labels.worker] ?? "",
  specHash: info.Labels[labels.spec] ?? "",
  state: stateOf(state),
  pid: state.Running ? state.Pid : 0,
  startedAtMs: Math.max(0, Date.parse(state.StartedAt)),
  finishedAtMs: state.Running ? 0 : Math.max(0, Date.parse(state.FinishedAt)),
  exitCode: state.ExitCode,
  outOfMemory: state.OOMKilled,
});
