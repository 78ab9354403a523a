// Which requests took a worker down. A request whose worker died may have been the cause, or may only have waited in that
// worker's hands. So a request that travels as a suspect is noted in ZooKeeper before it is worked on, in a node that
// outlives the session. A lost connection proves nothing against it: the process goes on and withdraws its note. It is guilty
// once the controller has seen the noting worker's container end by itself, or once that worker itself failed at it.
import { messageOf } from "../../core/errors.ts";
import {
  fromJson,
  noterOf,
  type Paths,
  type SuspectsNode,
  toJson,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { SuspectVerdict, Suspicion } from "../ports.ts";

/** More than one worker works on at a time. */
const begunMax = 64;
const blamedMax = 64;
/** Notes of workers that are gone. The oldest go first: their requests have been answered long since. */
const notesMax = 32;

export interface SuspectsOptions {
  readonly session: Pick<ZnodeSession, "get" | "put" | "children" | "remove" | "sync">;
  readonly paths: Paths;
  readonly name: string;
  readonly container: string;
  /** The workers that are there. */
  readonly peers: () => Promise<readonly { readonly node: Pick<WorkerNode, "name" | "container"> }[]>;
  readonly log: Log;
}

const nothingNoted: SuspectsNode = { begun: [], blamed: [] };

export class Suspects implements Suspicion {
  readonly #options: SuspectsOptions;
  readonly #noter: string;
  #own = nothingNoted;
  #noting: Promise<void> = Promise.resolve();
  /** What the dead noted, by noter: it does not change any more. */
  readonly #ofTheDead = new Map<string, SuspectsNode>();

  constructor(options: SuspectsOptions) {
    this.#options = options;
    this.#noter = noterOf(options.name, options.container);
  }

  /**
   * Says which of these took a worker down, and notes those that may be worked on as begun by this one.
   * Without ZooKeeper nothing is known and nothing noted: a worker that cannot reach it is about to lose its place anyway.
   */
  async begin(ids: readonly string[]): Promise<SuspectVerdict> {
    const verdict = { guilty: new Set<string>(), undecided: new Set<string>() };
    if (ids.length === 0) return verdict;
    try {
      await this.#judge(ids, verdict);
      const begun = ids.filter((id) => !verdict.guilty.has(id) && !verdict.undecided.has(id));
      if (begun.length > 0)
        await this.#note({ ...this.#own, begun: [...this.#own.begun, ...begun].slice(-begunMax) });
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, "could not note what is worked on");
    }
    return verdict;
  }

  /** What this process noted took no worker down, for it goes on: at the beginning of a session and at its end. */
  async withdraw(): Promise<void> {
    const { session, paths } = this.#options;
    const path = paths.suspect(this.#noter);
    await this.#noting;
    const content = await session.get(path);
    if (content === null) return;
    this.#own = { begun: [], blamed: noteIn(content.data).blamed };
    if (this.#own.blamed.length > 0) await session.put(path, toJson(this.#own));
    else await session.remove(path);
  }

  /** This worker failed at them, and at nothing else. */
  async blame(ids: readonly string[]): Promise<void> {
    await this.#note({ begun: [], blamed: [...this.#own.blamed, ...ids].slice(-blamedMax) });
  }

  async #judge(
    ids: readonly string[],
    verdict: { readonly guilty: Set<string>; readonly undecided: Set<string> },
  ): Promise<void> {
    const { session, paths, peers } = this.#options;
    const [, noters] = await Promise.all([session.sync(), session.children(paths.suspects)]);
    const others = noters.filter((noter) => noter !== this.#noter);
    const alive =
      others.length === 0
        ? new Set<string>()
        : new Set((await peers()).map(({ node }) => noterOf(node.name, node.container)));
    const notes = await Promise.all(others.map((noter) => this.#read(noter)));
    if (others.length > notesMax) await this.#forgetOldest(others, alive);
    for (const id of ids) {
      if (this.#own.blamed.includes(id)) verdict.guilty.add(id);
      for (const [i, { begun, blamed, died }] of notes.entries()) {
        if (blamed.includes(id) || (died === true && begun.includes(id))) verdict.guilty.add(id);
        else if (begun.includes(id) && !alive.has(others[i] ?? "")) verdict.undecided.add(id);
      }
    }
  }

  async #read(noter: string): Promise<SuspectsNode> {
    const known = this.#ofTheDead.get(noter);
    if (known !== undefined) return known;
    const content = await this.#options.session.get(this.#options.paths.suspect(noter));
    if (content === null) return nothingNoted;
    const note = noteIn(content.data);
    if (note.died === true) this.#ofTheDead.set(noter, note);
    return note;
  }

  async #forgetOldest(others: readonly string[], alive: ReadonlySet<string>): Promise<void> {
    const { session, paths } = this.#options;
    const found = await Promise.all(
      others
        .filter((noter) => !alive.has(noter))
        .map(async (noter) => ({ noter, content: await session.get(paths.suspect(noter)) })),
    );
    const oldestFirst = found.sort((a, b) => (a.content?.stat.czxid ?? 0) - (b.content?.stat.czxid ?? 0));
    for (const { noter } of oldestFirst.slice(0, others.length - notesMax)) {
      this.#ofTheDead.delete(noter);
      await session.remove(paths.suspect(noter));
    }
  }

  /** One after the other: each note holds what the one before it did. */
  #note(own: SuspectsNode): Promise<void> {
    const { session, paths } = this.#options;
    this.#own = own;
    const noting = this.#noting.then(() => session.put(paths.suspect(this.#noter), toJson(own)));
    this.#noting = noting.catch(() => undefined);
    return noting;
  }
}

/** One that cannot be read, or is of an older version, says nothing. */
function noteIn(text: string): SuspectsNode {
  const { begun, blamed, died } = fromJson<Partial<SuspectsNode>>(text) ?? {};
  return {
    begun: Array.isArray(begun) ? begun : [],
    blamed: Array.isArray(blamed) ? blamed : [],
    ...(died === true ? { died } : {}),
  };
}
