// Plays the workers: the containers that the controller starts are real, but their programs reach no ZooKeeper, and what
// they would do there is done here. So a test has every worker's conduct in its hands.

import {
  fromJson,
  type MasterNode,
  type Paths,
  type PidNode,
  toJson,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { docker } from "./controller-containers.ts";

const playEveryMs = 50;

export class Troupe {
  readonly session: ZooKeeperSession;
  readonly #paths: Paths;
  /** Containers that have had their entrance: none comes twice. */
  readonly #entered = new Set<string>();
  readonly #left = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #playing = false;
  /** Whether containers that start get ready. */
  gettingReady = true;

  private constructor(session: ZooKeeperSession, paths: Paths) {
    this.session = session;
    this.#paths = paths;
    this.#timer = setInterval(() => void this.#play(), playEveryMs);
  }

  static async open(servers: string, paths: Paths): Promise<Troupe> {
    const log = createLog({ program: "test", format: "text", level: "silent" });
    return new Troupe(await ZooKeeperSession.open({ servers, sessionTimeoutMs: 60_000, log }), paths);
  }

  close(): void {
    clearInterval(this.#timer);
    this.session.close();
  }

  async master(): Promise<MasterNode | null> {
    return fromJson<MasterNode>((await this.session.get(this.#paths.master))?.data ?? "null");
  }

  async #play(): Promise<void> {
    if (this.#playing || this.session.ended.aborted) return;
    this.#playing = true;
    await this.#scene().catch(() => undefined);
    this.#playing = false;
  }

  async #scene(): Promise<void> {
    const names = await this.session.children(this.#paths.pids);
    for (const name of names) await this.#enter(name);
    for (const name of await this.session.children(this.#paths.draining)) await this.#leave(name);
    if ((await this.session.stat(this.#paths.master)) === null) await this.#elect();
  }

  async #enter(name: string): Promise<void> {
    const node = fromJson<PidNode>((await this.session.get(this.#paths.pid(name)))?.data ?? "null");
    if (!this.gettingReady || node === null || this.#entered.has(node.container)) return;
    const entry: WorkerNode = {
      name,
      container: node.container,
      guid: node.container,
      state: "slave",
      pid: node.pid,
      eligible: true,
      position: 0,
      epoch: 0,
      readsServed: 0,
      writesServed: 0,
      sinceMs: Date.now(),
    };
    if ((await this.session.create(this.#paths.worker(name), toJson(entry), { ephemeral: true })) === null)
      return;
    this.#entered.add(node.container);
  }

  /** What it holds is finished at once. */
  async #leave(name: string): Promise<void> {
    const mark = fromJson<{ container: string }>(
      (await this.session.get(this.#paths.drain(name)))?.data ?? "null",
    );
    if (mark === null || this.#left.has(mark.container)) return;
    this.#left.add(mark.container);
    await this.session.remove(this.#paths.worker(name));
    await docker("stop", "--time", "1", mark.container);
  }

  async #elect(): Promise<void> {
    const names = await this.session.children(this.#paths.workers);
    const nodes = await Promise.all(
      names.map(async (name) =>
        fromJson<WorkerNode>((await this.session.get(this.#paths.worker(name)))?.data ?? "null"),
      ),
    );
    const [successor] = nodes.filter((node) => node !== null).sort((a, b) => (a.pid ?? 0) - (b.pid ?? 0));
    if (successor === undefined || successor.pid === null) return;
    const { name, container, guid, pid } = successor;
    const master: MasterNode = { name, container, guid, pid };
    if ((await this.session.create(this.#paths.master, toJson(master), { ephemeral: true })) !== null)
      await this.session.set(this.#paths.worker(name), toJson({ ...successor, state: "master" }));
  }
}
