// A Swarm as its managers show it, and what is changed there. Every call goes through the engine of this host, which is a manager;
// when no manager answers, the call fails.
import { messageOf, TransientError } from "../../../core/errors.ts";
import { labels } from "../../names.ts";
import type { DockerApi } from "../docker/docker-api.ts";
import { lastWordsAsked, textOfLogs } from "../docker/docker-formats.ts";
import type { serviceOf } from "./swarm-formats.ts";
import type { SwarmNode, SwarmService, SwarmTask } from "./swarm-types.ts";

export interface SwarmHost {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly ready: boolean;
}

export interface SwarmSeen {
  /** The nodes that belong to the cluster. */
  readonly nodes: readonly SwarmHost[];
  readonly services: readonly SwarmService[];
  readonly tasks: readonly SwarmTask[];
}

/** Without a manager that leads, calls hang. */
const callWithinMs = 3_000;
const logWithinMs = 1_500;
const scaleAttempts = 5;
/** A node with it is a host of the cluster, under this number. */
const numberLabel = "dbaas";

export class SwarmState {
  readonly #api: DockerApi;
  readonly #cluster: string;

  constructor(api: DockerApi, cluster: string) {
    this.#api = api;
    this.#cluster = cluster;
  }

  async look(): Promise<SwarmSeen> {
    const [nodes, services, tasks] = await Promise.all([this.#nodes(), this.services(), this.tasks()]);
    return { nodes, services, tasks };
  }

  async #nodes(): Promise<readonly SwarmHost[]> {
    const listed = await this.#api.call("list nodes", (docker) => docker.listNodes(), callWithinMs);
    return (listed as readonly SwarmNode[]).flatMap(({ ID, Spec, Description, Status }) => {
      const number = Number(Spec.Labels?.[numberLabel]);
      if (!(number > 0)) return [];
      return [{ id: ID, name: Description.Hostname, number, ready: Status.State === "ready" }];
    });
  }

  /** By name, so that also those are seen that bear a worker's name without our labels. */
  async services(): Promise<readonly SwarmService[]> {
    const filters = { name: [`${this.#cluster}-w-`] };
    const listed = await this.#api.call(
      "list services",
      (docker) => docker.listServices({ filters }),
      callWithinMs,
    );
    return listed as unknown as readonly SwarmService[];
  }

  async tasks(): Promise<readonly SwarmTask[]> {
    const filters = JSON.stringify({ label: [`${labels.cluster}=${this.#cluster}`] });
    const listed = await this.#api.call(
      "list tasks",
      (docker) => docker.listTasks({ filters }),
      callWithinMs,
    );
    return listed as readonly SwarmTask[];
  }

  async tasksOf(serviceId: string): Promise<{ readonly tasks: readonly SwarmTask[] }> {
    return { tasks: (await this.tasks()).filter(({ ServiceID }) => ServiceID === serviceId) };
  }

  async secrets(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    if (names.length === 0) return new Map();
    const listed = await this.#api.call("list secrets", (docker) => docker.listSecrets(), callWithinMs);
    const known = listed as readonly { readonly ID: string; readonly Spec?: { readonly Name?: string } }[];
    return new Map(known.map(({ ID, Spec }) => [Spec?.Name ?? "", ID]));
  }

  async create(spec: ReturnType<typeof serviceOf>): Promise<string> {
    const made = await this.#api.make(
      `create service ${spec.Name}`,
      (docker) => docker.createService(spec as never),
      callWithinMs,
    );
    return (made as unknown as { readonly id: string }).id;
  }

  async update({ ID, Version }: SwarmService, spec: object): Promise<void> {
    await this.#api.make(
      "update service",
      (docker) => docker.getService(ID).update({ ...spec, version: Version.Index }),
      callWithinMs,
    );
  }

  /** Swarm itself changes a service while tasks of it come and go: then what has become of it is looked at again. */
  async scale(serviceId: string, replicas: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.#api.found(
        "inspect service",
        (docker) => docker.getService(serviceId).inspect(),
        callWithinMs,
      );
      if (found === null) return;
      const service = found as SwarmService;
      try {
        await this.update(service, { ...service.Spec, Mode: { Replicated: { Replicas: replicas } } });
        return;
      } catch (error) {
        if (attempt === scaleAttempts || !isOutdated(error)) throw error;
      }
    }
  }

  async lastWords(serviceId: string): Promise<string> {
    const written = await this.#api.call(
      "read the service's log",
      (docker) => docker.getService(serviceId).logs(lastWordsAsked),
      logWithinMs,
    );
    return textOfLogs(Buffer.from(written as unknown as Uint8Array));
  }
}

/** What was read is not what stands there any more. */
const isOutdated = (error: unknown): boolean =>
  error instanceof TransientError && /out of sequence/.test(messageOf(error.cause));
