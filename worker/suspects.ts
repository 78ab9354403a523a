// Which requests took a worker down. A request whose worker died may have been the cause, or may only have waited in that
// worker's hands. So a request that travels as a suspect is noted in ZooKeeper before it is worked on, in a node that
// outlives the worker: noted by a worker that is gone means guilty; what a dead worker merely held is as good as any other.
import { messageOf } from "../protocol/errors.ts";
import type { Log } from "../protocol/log.ts";
import { fromJson, type Paths, toJson, type WorkerNode } from "../protocol/znodes.ts";
import type { ZooKeeperSession } from "../protocol/zookeeper.ts";

/** More than one worker works on at a time. */
const notedMax = 64;
/** Nobody waits so long for an answer that it would be asked for again. */
const keptMs = 60 * 60_000;

export interface SuspectsOptions {
  readonly session: Pick<ZooKeeperSession, "get" | "put" | "children" | "remove">;
  readonly paths: Paths;
  /** Of this life of the worker. */
  readonly guid: string;
  /** The lives that go on. */
  readonly peers: () => Promise<readonly { readonly node: Pick<WorkerNode, "guid"> }[]>;
  readonly now: () => number;
  readonly log: Log;
}

export class Suspects {
  readonly #options: SuspectsOptions;
  #noted: readonly string[] = [];
  #noting: Promise<void> = Promise.resolve();
  /** What the dead noted, by guid: it does not change any more. */
  readonly #ofTheDead = new Map<string, ReadonlySet<string>>();

  constructor(options: SuspectsOptions) {
    this.#options = options;
  }

  /**
   * Says which of these took a worker down, and notes the others as begun by this one; only then may they be worked on.
   * Without ZooKeeper nothing is known and nothing noted: a worker that cannot reach it is about to lose its place anyway.
   */
  async begin(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    try {
      const guilty = await this.#guilty(ids);
      await this.#note(ids.filter((id) => !guilty.has(id)));
      return guilty;
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, "could not note what is worked on");
      return new Set();
    }
  }

  async #guilty(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { session, paths, guid, peers } = this.#options;
    const noters = (await session.children(paths.suspects)).filter((noter) => noter !== guid);
    if (noters.some((noter) => !this.#ofTheDead.has(noter))) {
      const alive = new Set((await peers()).map(({ node }) => node.guid));
      const unread = noters.filter((noter) => !alive.has(noter) && !this.#ofTheDead.has(noter));
      await Promise.all(unread.map((noter) => this.#read(noter)));
    }
    for (const known of this.#ofTheDead.keys()) if (!noters.includes(known)) this.#ofTheDead.delete(known);
    const noted = [...this.#ofTheDead.values()];
    return new Set(ids.filter((id) => noted.some((some) => some.has(id))));
  }

  async #read(noter: string): Promise<void> {
    const { session, paths, now } = this.#options;
    const path = paths.suspect(noter);
    const content = await session.get(path);
    if (content === null) return;
    this.#ofTheDead.set(noter, new Set(fromJson<readonly string[]>(content.data) ?? []));
    if (content.stat.modifiedAtMs < now() - keptMs) await session.remove(path);
  }

  /** One after the other: each note holds what the one before it did. */
  #note(ids: readonly string[]): Promise<void> {
    const { session, paths, guid } = this.#options;
    if (ids.length === 0) return Promise.resolve();
    this.#noted = [...this.#noted, ...ids].slice(-notedMax);
    const text = toJson(this.#noted);
    const noting = this.#noting.then(() => session.put(paths.suspect(guid), text));
    this.#noting = noting.catch(() => undefined);
    return noting;
  }
}
