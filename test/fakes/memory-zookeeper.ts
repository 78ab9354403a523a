// A ZooKeeper in memory: znodes, sessions that expire, watches. What it promises is what the contract suite says, which
// also runs on a real one.
import type { NodeStat } from "../../platform/zookeeper/port.ts";
import type { Link } from "./link.ts";
import { MemorySession } from "./memory-session.ts";
import { type VirtualProcess, worldEpochMs } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

export interface Znode {
  data: string;
  version: number;
  readonly czxid: number;
  readonly createdAtMs: number;
  mzxid: number;
  modifiedAtMs: number;
  readonly owner: MemorySession | null;
}

/**
 * Each session may be at a server of its own that is behind by up to `staleMsMax`: it answers with its older state until it has
 * heard of the newer one, or until its session writes or syncs.
 */
export class MemoryZooKeeper {
  readonly world: VirtualWorld;
  staleMsMax = 0;
  /** The server that is never behind; undefined while there is none, and with it nothing is answered. */
  leader: number | undefined = 0;
  readonly nodes = new Map<string, Znode>();
  readonly sessions = new Set<MemorySession>();
  /** Told of each node that is made, and that is removed. */
  onCreate: ((path: string) => void) | undefined;
  onRemove: ((path: string) => void) | undefined;
  readonly #everMade: MemorySession[] = [];
  readonly #staleness: () => number;
  #zxid = 0;
  #sequence = 0;

  constructor(world: VirtualWorld) {
    this.world = world;
    this.#staleness = world.random("zookeeper servers");
  }

  get #nowMs(): number {
    return worldEpochMs + this.world.nowMs;
  }

  connect(process: VirtualProcess, link: Link, timeoutMs: number, server = 1): MemorySession {
    const session = new MemorySession(this, process, { link, server }, timeoutMs);
    this.sessions.add(session);
    this.#everMade.push(session);
    return session;
  }

  /** The world is over: lets go of whoever waits for a session to end, or Node would keep them for ever. */
  dispose(): void {
    for (const session of this.#everMade) session.dispose();
  }

  create(path: string, data: string, owner: MemorySession | null, sequential: boolean): string | null {
    this.#sequence += sequential ? 1 : 0;
    const made = sequential ? `${path}${String(this.#sequence).padStart(10, "0")}` : path;
    if (this.nodes.has(made)) return null;
    this.#keepOlder();
    this.#zxid += 1;
    const nowMs = this.#nowMs;
    this.nodes.set(made, {
      data,
      version: 0,
      czxid: this.#zxid,
      mzxid: this.#zxid,
      createdAtMs: nowMs,
      modifiedAtMs: nowMs,
      owner,
    });
    this.#changed(made, true);
    this.onCreate?.(made);
    return made;
  }

  set(path: string, data: string, version: number): boolean {
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && node.version !== version)) return false;
    this.#keepOlder();
    this.#zxid += 1;
    node.data = data;
    node.version += 1;
    node.mzxid = this.#zxid;
    node.modifiedAtMs = this.#nowMs;
    this.#changed(path, false);
    return true;
  }

  remove(path: string, version = -1): boolean {
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && node.version !== version)) return false;
    if (this.children(path).length > 0) return false;
    this.#keepOlder();
    this.#zxid += 1;
    this.nodes.delete(path);
    this.#changed(path, true);
    this.onRemove?.(path);
    return true;
  }

  /** For servers that are behind: what they have not heard of yet. */
  #keepOlder(): void {
    if (this.staleMsMax === 0) return;
    let older: ReadonlyMap<string, Znode> | undefined;
    for (const session of this.sessions) {
      if (session.isBehind || session.server === this.leader) continue;
      older ??= new Map([...this.nodes].map(([path, node]) => [path, { ...node }]));
      session.fallBehind(older, this.#staleness() * this.staleMsMax);
    }
  }

  children(path: string, nodes: ReadonlyMap<string, Znode> = this.nodes): readonly string[] {
    const names = [...nodes.keys()].filter(
      (other) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes("/"),
    );
    return names.map((name) => name.slice(path.length + 1)).sort();
  }

  statOf(node: Znode, session: MemorySession): NodeStat {
    const { czxid, mzxid, version, createdAtMs, modifiedAtMs, owner } = node;
    return { czxid, mzxid, version, createdAtMs, modifiedAtMs, mine: owner === session };
  }

  end(session: MemorySession): void {
    if (!this.sessions.delete(session)) return;
    for (const [path, { owner }] of [...this.nodes]) if (owner === session) this.remove(path);
  }

  /** As after the loss of its disk. Sessions of programs that never lose theirs are spared. */
  empty(spared: (session: MemorySession) => boolean): void {
    for (const session of [...this.sessions]) if (!spared(session)) session.expire();
    this.nodes.clear();
    this.#zxid = 0;
  }

  #changed(path: string, ofParent: boolean): void {
    const parent = path.slice(0, path.lastIndexOf("/"));
    for (const session of this.sessions) {
      session.fire("node", path);
      if (ofParent) session.fire("children", parent);
    }
  }
}
