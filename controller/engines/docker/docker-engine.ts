// The one door to dockerode: Engine over a Docker socket. It sees only containers that bear our label or our names, and
// changes only those that bear the cluster's uid.
import { createInterface } from "node:readline";
import Docker from "dockerode";
import { TerminalError, TransientError } from "../../../core/errors.ts";
import { within } from "../../../platform/process/waiting.ts";
import { containerName, labels, shortId } from "../../names.ts";
import type {
  ContainerSeen,
  ContainerState,
  Engine,
  EngineView,
  Signal,
  Target,
  WorkerContainer,
} from "../../ports.ts";
import { eventIn, hostConfigOf, networkingOf, textOfLogs } from "./docker-formats.ts";
import { foreignAmong, isOurs, type Labelled, uidFromLabels, workersWithVolumes } from "./ownership.ts";

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
/** How long a look at which other containers bear our names is good for. */
const namedForMs = 10_000;

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
  #named: { readonly atMs: number; readonly ids: string; readonly found: readonly Labelled[] } | null = null;

  constructor({ socketPath, cluster, uid, image, self }: DockerEngineOptions) {
    this.#docker = new Docker({ socketPath });
    this.#cluster = cluster;
    this.#uid = uid;
    this.#imageName = image;
    this.#self = self;
  }

  async view(): Promise<EngineView> {
    const [listed, volumes] = await Promise.all([
      containersOf(this.#docker, this.#cluster),
      volumesOf(this.#docker, this.#cluster),
    ]);
    const owner = { cluster: this.#cluster, uid: this.#uid };
    const inspected = await Promise.all(
      listed.filter((info) => isOurs(labelled(info), owner)).map((info) => this.#inspect(info)),
    );
    const found = inspected.filter((one) => one !== null);
    this.#inspected = new Map(found.map((one) => [one.seen.id, one]));
    for (const id of this.#stale) if (!this.#inspected.has(id)) this.#stale.delete(id);
    const foreign = foreignAmong(await this.#withWorkersNames(listed), volumes, owner);
    this.#image ??= (await this.#ownImage()) ?? (await this.#imageNamed());
    const ours = found.map(({ seen }) => seen);
    return { image: this.#image, ours, volumes: workersWithVolumes(volumes, owner), foreign };
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

  /** Those with our label, and those that bear a worker's name without it. */
  async #withWorkersNames(listed: readonly Docker.ContainerInfo[]): Promise<readonly Labelled[]> {
    const ids = listed.map(({ Id }) => Id).join();
    const last = this.#named;
    if (last !== null && last.ids === ids && performance.now() - last.atMs < namedForMs) return last.found;
    const pattern = `^/?${this.#cluster.replaceAll(/[.-]/g, "\\$&")}-w-[0-9]+$`;
    const named = await this.#call("list containers by name", (docker) =>
      docker.listContainers({ all: true, filters: { name: [pattern] } }),
    );
    const all = new Map([...listed, ...named].map((info) => [info.Id, labelled(info)]));
    this.#named = { atMs: performance.now(), ids, found: [...all.values()] };
    return this.#named.found;
  }

  async create(container: WorkerContainer): Promise<string> {
    const { name, image, command, environment } = container;
    try {
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
      // Another container bears the name by now: look again.
      this.#named = null;
      throw error;
    }
  }

  /** Creating a volume that exists gives the existing one, with whatever is in it: so it is looked for before. */
  async claimVolume({ name, labels: wanted }: WorkerContainer["volume"]): Promise<"new" | "existing"> {
    const inspect = () => this.#docker.getVolume(name).inspect();
    const before = await this.#found(`inspect volume ${name}`, inspect);
    if (before === null)
      await this.#call(`create volume ${name}`, (docker) =>
        docker.createVolume({ Name: name, Labels: { ...wanted } }),
      );
    const { Labels } = before ?? (await this.#call(`inspect volume ${name}`, inspect));
    if (Labels?.[labels.uid] !== this.#uid)
      throw new TerminalError(`volume ${name} is not this cluster's: it bears another uid or none`);
    return before === null ? "new" : "existing";
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

  #call<T>(what: string, call: (docker: Docker) => Promise<T>, ms?: number): Promise<T> {
    return ask(this.#docker, what, call, ms);
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
  const docker = new Docker({ socketPath });
  const [containers, volumes] = await Promise.all([
    containersOf(docker, cluster),
    volumesOf(docker, cluster),
  ]);
  return uidFromLabels(cluster, volumes, containers.map(labelled));
}

async function ask<T>(
  docker: Docker,
  what: string,
  call: (docker: Docker) => Promise<T>,
  ms = callWithinMs,
): Promise<T> {
  try {
    return await within(call(docker), ms, `Docker: ${what}`);
  } catch (cause) {
    const terminal =
      statusCodeOf(cause) === 400 || (statusCodeOf(cause) === 404 && what.startsWith("create"));
    throw terminal ? new TerminalError(what, { cause }) : new TransientError(what, { cause });
  }
}

const containersOf = (docker: Docker, cluster: string): Promise<readonly Docker.ContainerInfo[]> =>
  ask(docker, "list containers", () =>
    docker.listContainers({ all: true, filters: { label: [`${labels.cluster}=${cluster}`] } }),
  );

/** By name, so that also those are seen that bear a worker's name without our labels. */
async function volumesOf(docker: Docker, cluster: string): Promise<readonly Labelled[]> {
  const filters = JSON.stringify({ name: [containerName(cluster, "w-")] });
  const { Volumes } = await ask(docker, "list volumes", () => docker.listVolumes({ filters }));
  return (Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }));
}

const labelled = ({ Names, Labels }: Docker.ContainerInfo): Labelled => ({
  name: (Names[0] ?? "").replace(/^\//, ""),
  labels: Labels,
});

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
