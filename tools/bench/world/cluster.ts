// The service's own cluster, as an operator would handle it: through its manifest, its HTTP interface and its status.
import { readFile, writeFile } from "node:fs/promises";
import type { ClusterStatus } from "../../../core/state/status.ts";
import type { HttpTarget } from "../load/http-client.ts";
import type { Container, Engine } from "./engine.ts";
import { get, post, until } from "./http.ts";
import { withSlaves } from "./manifest.ts";
import { isPlain } from "./plain-mode.ts";
import { type Subject, usageOfContainers } from "./subject.ts";

export interface ClusterSettings {
  readonly cluster: string;
  readonly manifestFile: string;
}

/** Neither plain mode nor the container that the bench itself runs in. */
const isOfService = (cluster: string, container: Container): boolean =>
  !isPlain(cluster, container) && container.name !== `${cluster}-program`;

const readyWithinMs = 300_000;
const lookEveryMs = 20;

export class Cluster {
  readonly #engine: Engine;
  readonly #settings: ClusterSettings;
  readonly #target: HttpTarget;

  private constructor(engine: Engine, settings: ClusterSettings, target: HttpTarget) {
    this.#engine = engine;
    this.#settings = settings;
    this.#target = target;
  }

  static async find(engine: Engine, settings: ClusterSettings): Promise<Cluster> {
    const { address } = await engine.inspect(`${settings.cluster}-orchestrator`);
    return new Cluster(engine, settings, { host: address, port: 80 });
  }

  /** As it is now: its processes change when workers come and go. */
  async subject(): Promise<Subject> {
    const { cluster } = this.#settings;
    const usage = await usageOfContainers(this.#engine, cluster, (one) => isOfService(cluster, one));
    return { name: "service", target: this.#target, usage };
  }

  async status(): Promise<ClusterStatus> {
    return (await get(this.#target, "/api/v1/status")) as ClusterStatus;
  }

  manifest(): Promise<string> {
    return readFile(this.#settings.manifestFile, "utf8");
  }

  /** @returns how long it took until exactly so many slaves served reads */
  async scaleTo(slaves: number): Promise<number> {
    const startedMs = performance.now();
    await writeFile(this.#settings.manifestFile, withSlaves(await this.manifest(), slaves));
    await this.whole(slaves);
    return performance.now() - startedMs;
  }

  /** Resolves once there is a master and exactly so many slaves, all ready. */
  whole(slaves: number): Promise<ClusterStatus> {
    return until(`a master and ${slaves} slaves`, readyWithinMs, lookEveryMs, async () => {
      const status = await this.status();
      const settled = status.desiredSlaves === slaves && status.workers.length === slaves + 1;
      return settled && status.readySlaves === slaves && status.master !== null ? status : null;
    });
  }

  async crashMaster(): Promise<void> {
    await post(this.#target, "/api/v1/crash/master", "");
  }

  async killMaster(): Promise<void> {
    const { master } = await this.status();
    await this.#engine.kill(`${this.#settings.cluster}-${master}`);
  }

  async clear(): Promise<void> {
    await post(this.#target, "/api/v1/db/clear", "");
  }

  /** So that a worker of that name starts from nothing. @throws while a container uses it */
  async forgetVolume(worker: string): Promise<void> {
    await this.#engine.removeVolume(`${this.#settings.cluster}-${worker}`);
  }
}
