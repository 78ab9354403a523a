// Which workers there are and which of them is master, as their znodes say.
import { knownSince, knownStatements } from "../../core/messages/statement.ts";
import { fromJson, type MasterNode, type Paths, type WorkerNode } from "../../core/state/znodes.ts";
import { keepLooking, type Watched, type Znodes } from "./znodes.ts";

export class Workers {
  readonly #paths: Paths;
  readonly #onNewMaster: () => void;
  #count = 0;
  #master: { readonly name: string; readonly czxid: number; readonly knows: number } | undefined;
  #lastCzxid: number | undefined;

  /** @param onNewMaster called when another one has taken the place of a master that was known, and takes writes */
  constructor(paths: Paths, onNewMaster: () => void) {
    this.#paths = paths;
    this.#onNewMaster = onNewMaster;
  }

  /** Undefined while there is none. */
  get master(): string | undefined {
    return this.#master?.name;
  }

  /** How far they know the kinds of statements: less while one of an earlier version leads, which is replaced as the last of them. */
  get knownStatements(): number {
    return this.#master?.knows ?? knownStatements;
  }

  get slaves(): number {
    return Math.max(0, this.#count - (this.#master === undefined ? 0 : 1));
  }

  async watch(watched: Watched): Promise<void> {
    const { znodes } = watched;
    await Promise.all([
      keepLooking(watched, "node", this.#paths.master, () => this.#lookAtMaster(znodes)),
      keepLooking(watched, "children", this.#paths.workers, async () => {
        this.#count = (await znodes.children(this.#paths.workers)).length;
      }),
    ]);
  }

  async #lookAtMaster(znodes: Znodes): Promise<void> {
    const node = await znodes.get(this.#paths.master);
    if (node === null) {
      this.#master = undefined;
      return;
    }
    const { czxid } = node.stat;
    const { name = "", atWork = false, sql, statements } = fromJson<MasterNode>(node.data) ?? {};
    this.#master = { name, czxid, knows: statements ?? (sql === true ? knownSince.sql : 0) };
    if (!atWork) return;
    const isAnother = this.#lastCzxid !== undefined && this.#lastCzxid !== czxid;
    this.#lastCzxid = czxid;
    if (isAnother) this.#onNewMaster();
  }
}

/** The containers' pids of all live workers, ascending. Read anew each time: callers compare it with what they did. */
export async function workerPids(znodes: Znodes, paths: Paths): Promise<readonly number[]> {
  const names = await znodes.children(paths.workers);
  const nodes = await Promise.all(names.map((name) => znodes.get(paths.worker(name))));
  return nodes
    .map((node) => (node === null ? null : fromJson<WorkerNode>(node.data)?.pid))
    .filter((pid): pid is number => typeof pid === "number")
    .sort((a, b) => a - b);
}
