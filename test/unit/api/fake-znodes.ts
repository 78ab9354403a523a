// ZooKeeper as the API sees it, in memory. Watches wake in a later turn, as the real ones do.
import type { Znodes } from "../../../api/cluster/znodes.ts";
import type { CreateOptions, NodeContent, NodeStat, WatchKind } from "../../../platform/zookeeper/port.ts";
import { defaultSpec } from "../../support/default-spec.ts";

interface Node {
  data: string;
  version: number;
  readonly czxid: number;
  mzxid: number;
  readonly ephemeral: boolean;
}

export class FakeZnodes implements Znodes {
  readonly nodes = new Map<string, Node>();
  /** Every call fails while this is set. */
  failing: Error | undefined;
  #transactions = 0;
  readonly #watches: { kind: WatchKind; path: string; wake: () => void; scope: AbortSignal | undefined }[] =
    [];

  async sync(): Promise<void> {
    this.#check();
  }

  async create(path: string, data: string, options: CreateOptions = {}) {
    this.#check();
    this.#transactions += 1;
    const made = options.sequential ? `${path}${String(this.#transactions).padStart(10, "0")}` : path;
    if (this.nodes.has(made)) return null;
    const ephemeral = options.ephemeral === true;
    this.nodes.set(made, {
      data,
      version: 0,
      czxid: this.#transactions,
      mzxid: this.#transactions,
      ephemeral,
    });
    this.#changed(made);
    return made;
  }

  async get(path: string): Promise<NodeContent | null> {
    this.#check();
    const node = this.nodes.get(path);
    if (node === undefined) return null;
    const { data, version, czxid, mzxid } = node;
    return { data, stat: { czxid, mzxid, version, createdAtMs: 0, modifiedAtMs: 0, mine: true } };
  }

  async stat(path: string): Promise<NodeStat | null> {
    const content = await this.get(path);
    return content === null ? null : { ...content.stat, mine: this.nodes.get(path)?.ephemeral === true };
  }

  async set(path: string, data: string, version = -1) {
    this.#check();
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && version !== node.version)) return false;
    this.#transactions += 1;
    node.data = data;
    node.version += 1;
    node.mzxid = this.#transactions;
    this.#changed(path);
    return true;
  }

  async put(path: string, data: string) {
    if (!(await this.set(path, data))) await this.create(path, data);
  }

  async remove(path: string, version = -1) {
    this.#check();
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && version !== node.version)) return false;
    this.nodes.delete(path);
    this.#changed(path);
    return true;
  }

  async children(path: string) {
    this.#check();
    const names = [...this.nodes.keys()].filter((name) => name.startsWith(`${path}/`));
    return names.map((name) => name.slice(path.length + 1)).sort();
  }

  watch(kind: WatchKind, path: string, wake: () => void, scope?: AbortSignal) {
    this.#watches.push({ kind, path, wake, scope });
  }

  #changed(path: string) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    for (const watch of this.#watches)
      if (watch.path === (watch.kind === "node" ? path : parent) && !watch.scope?.aborted)
        setImmediate(watch.wake);
  }

  #check() {
    if (this.failing !== undefined) throw this.failing;
  }
}

const turnsLeast = 10_000;
const waitedLeastMs = 30_000;

/** Waits, turn by turn, until it holds. Fails only after very many turns that took very long. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + waitedLeastMs;
  for (let turn = 0; turn < turnsLeast || performance.now() < untilMs; turn++) {
    if (await holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("it never came to hold");
}

/** What the manifest says of requests, in these tests. */
export const requestLimits = { ...defaultSpec.requests, queryMs: 1_000, idempotencyMs: 1_000 };
