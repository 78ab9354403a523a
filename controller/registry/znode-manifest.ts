// The operator's manifest in ZooKeeper, where the controllers of all hosts see the same one. The first text comes from this host's
// file; from then on the API writes it, which takes none that is not valid.

import { messageOf } from "../../core/errors.ts";
import { ManifestError } from "../../core/manifest/manifest.ts";
import { parseManifest } from "../../core/manifest/parse.ts";
import type { ManifestState } from "../../core/manifest/standing.ts";
import { fromJson, type ManifestNode, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { FirstManifest, ManifestSource } from "../ports.ts";

export interface ZnodeManifestOptions {
  readonly session: Pick<ZnodeSession, "sync" | "get" | "create" | "watch">;
  readonly path: string;
  readonly first: FirstManifest;
  /** This controller's. */
  readonly host: string;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: Log;
}

export class ZnodeManifest implements ManifestSource {
  readonly #options: ZnodeManifestOptions;
  readonly #wakes = new Set<() => void>();
  #text: string | undefined;
  #state: ManifestState = { spec: null, problem: null, waiting: null };
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: ZnodeManifestOptions) {
    this.#options = options;
  }

  /** Looks for the first time, then at every change until the scope is over. @throws TransientError when ZooKeeper is away */
  static async watch(options: ZnodeManifestOptions, scope: AbortSignal): Promise<ZnodeManifest> {
    const manifest = new ZnodeManifest(options);
    const { session, path, first, log } = options;
    const look = () => {
      manifest.#looking = manifest.#looking
        .then(() => manifest.#look())
        // ZooKeeper is away: when it comes back every watch fires again.
        .catch((error: unknown) => log.debug({ reason: messageOf(error) }, "could not read the manifest"));
    };
    session.watch("node", path, look, scope);
    first.onChange(look, scope);
    await manifest.#look();
    return manifest;
  }

  get state(): ManifestState {
    return this.#state;
  }

  onChange(wake: () => void, scope: AbortSignal): void {
    this.#wakes.add(wake);
    scope.addEventListener("abort", () => this.#wakes.delete(wake), { once: true });
  }

  async #look(): Promise<void> {
    const { first } = this.#options;
    const node = (await this.#read()) ?? (await this.#begin());
    if (node === null) return this.#is({ ...first.state, spec: this.#state.spec });
    if (node.text === this.#text) return;
    this.#text = node.text;
    this.#is(this.#judge(node.text));
  }

  async #read(): Promise<ManifestNode | null> {
    const { session, path } = this.#options;
    const [, content] = await Promise.all([session.sync(), session.get(path)]);
    if (content === null) return null;
    // What cannot be read at all is a text that is no manifest: it is told, and nothing takes its place by itself.
    return fromJson<ManifestNode>(content.data) ?? { text: content.data, atMs: 0, by: "unknown" };
  }

  /** @returns null while the file holds no good one either */
  async #begin(): Promise<ManifestNode | null> {
    const { session, path, first, host, clock, log } = this.#options;
    if (first.text === null) return null;
    const node: ManifestNode = { text: first.text, atMs: clock.wallMs(), by: host };
    if ((await session.create(path, toJson(node))) !== null)
      log.info({ by: host }, "ZooKeeper held no manifest: it begins with the one of the file");
    return this.#read();
  }

  #judge(text: string): ManifestState {
    try {
      return { spec: parseManifest(text).spec, problem: null, waiting: null };
    } catch (error) {
      const problem =
        error instanceof ManifestError ? error.message : `read the manifest: ${messageOf(error)}`;
      this.#options.log.error({ problem }, "the manifest in ZooKeeper was not taken up");
      return { spec: this.#state.spec, problem, waiting: null };
    }
  }

  #is(state: ManifestState): void {
    this.#state = state;
    for (const wake of this.#wakes) wake();
  }
}
