// The cluster as it stands in ZooKeeper.
import { setImmediate as afterThisTurn } from "node:timers/promises";
import type { LogSpec } from "../core/manifest/manifest.ts";
import { lastCycleOf } from "../core/state/last-cycle.ts";
import { type SpecNode, specNodeFrom } from "../core/state/spec-node.ts";
import type { EventRecord } from "../core/state/status.ts";
import {
  type BackupsNode,
  type ClusterStatus,
  fromJson,
  type ManifestNode,
  type Paths,
  pathsOf,
  type RestoreNode,
  type TablesNode,
  toJson,
  type WindowNode,
} from "../core/state/znodes.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { lackOfMajority } from "../platform/zookeeper/ensemble.ts";
import { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";
import { CliError, exitCodes } from "./exit.ts";

export interface Snapshot {
  readonly status: ClusterStatus;
  readonly events: readonly EventRecord[];
  /** Whether a controller acts; without one the status is as it was when the last one left. */
  readonly controlled: boolean;
  /** The controller's last cycle that has told what it saw; absent where that is not known. */
  readonly cycle?: string | undefined;
  /** The scheduled ones; absent where none was ever tried, or it is not known. */
  readonly backups?: BackupsNode | undefined;
  /** Since when a backup is being restored; absent where that is not so, or not known. */
  readonly restoringSinceMs?: number | undefined;
}

export interface KeptManifest {
  readonly text: string;
  readonly version: number;
}

const sessionTimeoutMs = 5_000;

export class ClusterView {
  readonly #session: ZooKeeperSession;
  readonly #paths: Paths;

  private constructor(session: ZooKeeperSession, paths: Paths) {
    this.#session = session;
    this.#paths = paths;
  }

  /** @throws CliError when ZooKeeper does not answer */
  static async open(servers: string, cluster: string): Promise<ClusterView> {
    const log = createLog({ program: "cli", format: "text", level: "silent" });
    try {
      const session = await ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
      return new ClusterView(session, pathsOf(cluster));
    } catch (cause) {
      const lack = await lackOfMajority(servers);
      const why = lack === null ? "" : `: ${lack}`;
      throw new CliError(exitCodes.unreachable, `cannot reach ZooKeeper${why}`, { cause });
    }
  }

  /** @throws CliError when the controller has never reported */
  async look(): Promise<Snapshot> {
    const { cycle, status, events, controller, restore, backups } = this.#paths;
    const [, cycleNode, statusNode, eventsNode, lock, restoring, kept] = await Promise.all([
      this.#session.sync(),
      // Before the status, which is then that of this cycle or of a later one.
      this.#session.get(cycle),
      this.#session.get(status),
      this.#session.get(events),
      this.#session.stat(controller),
      this.#json<RestoreNode>(restore),
      this.#json<BackupsNode>(backups),
    ]);
    const told = statusNode === null ? null : fromJson<ClusterStatus>(statusNode.data);
    if (statusNode === null || told === null)
      throw new CliError(exitCodes.unreachable, "the controller has not reported yet");
    return {
      status: told,
      events: (eventsNode === null ? null : fromJson<readonly EventRecord[]>(eventsNode.data)) ?? [],
      controlled: lock !== null,
      cycle: lastCycleOf(told, statusNode, cycleNode).id,
      backups: kept ?? undefined,
      restoringSinceMs: restoring?.atMs,
    };
  }

  /** The manifest as last taken up, what was counted for it, and what became of it. */
  async lookAtManifest(): Promise<{
    readonly accepted: SpecNode | null;
    readonly window: WindowNode | null;
    readonly tables: TablesNode | null;
    readonly logRetention: LogSpec | null;
  }> {
    const { spec, window, tables, logRetention } = this.#paths;
    const [accepted, counted, there, retention] = await Promise.all([
      this.#json(spec, specNodeFrom),
      this.#json<WindowNode>(window),
      this.#json<TablesNode>(tables),
      this.#json<LogSpec>(logRetention),
    ]);
    return { accepted, window: counted, tables: there, logRetention: retention };
  }

  /** Where the cluster is on several hosts; null on one, where it is a file. */
  async keptManifest(): Promise<KeptManifest | null> {
    const [, content] = await Promise.all([this.#session.sync(), this.#session.get(this.#paths.manifest)]);
    const node = content === null ? null : fromJson<ManifestNode>(content.data);
    return content === null || node === null ? null : { text: node.text, version: content.stat.version };
  }

  /** @returns false when it is not the one of this version any more */
  keepManifest(text: string, version: number): Promise<boolean> {
    const node: ManifestNode = { text, atMs: Date.now(), by: "dbaas" };
    return this.#session.set(this.#paths.manifest, toJson(node), version);
  }

  async #json<T>(path: string, read = fromJson<T>): Promise<T | null> {
    const node = await this.#session.get(path);
    return node === null ? null : read(node.data);
  }

  onChange(wake: () => void): void {
    const { status, events, controller } = this.#paths;
    for (const path of [status, events, controller]) this.#session.watch("node", path, wake);
  }

  get ended(): AbortSignal {
    return this.#session.ended;
  }

  /**
   * Not from within an answer of the native client: there it puts off its farewell to the server, and this process may end
   * before it. The server would keep the session until it times out.
   */
  async close(): Promise<void> {
    await afterThisTurn();
    this.#session.close();
  }
}
