// A ZooKeeper in memory: znodes, sessions that expire, watches. What it promises is what the contract suite says, which
// also runs on a real one.
import { TransientError } from "../../protocol/errors.ts";
import type { NodeContent, NodeStat, WatchKind, ZooKeeperSession } from "../../protocol/zookeeper.ts";
import type { Lane, Link } from "./link.ts";
import type { VirtualProcess } from "./virtual-process.ts";
import type { VirtualWorld } from "./virtual-world.ts";

/** Connecting anew takes that much longer than a message. */
const reconnectFactor = 50;

interface Znode {
  data: string;
  version: number;
  readonly czxid: number;
  readonly owner: MemorySession | null;
}

export class MemoryZooKeeper {
  readonly world: VirtualWorld;
  readonly nodes = new Map<string, Znode>();
  readonly sessions = new Set<MemorySession>();
  readonly #everMade: MemorySession[] = [];
  #zxid = 0;
  #sequence = 0;

  constructor(world: VirtualWorld) {
    this.world = world;
  }

  connect(process: VirtualProcess, link: Link, timeoutMs: number): MemorySession {
    const session = new MemorySession(this, process, link, timeoutMs);
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
    this.#zxid += 1;
    this.nodes.set(made, { data, version: 0, czxid: this.#zxid, owner });
    this.#changed(made, true);
    return made;
  }

  set(path: string, data: string, version: number): boolean {
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && node.version !== version)) return false;
    this.#zxid += 1;
    node.data = data;
    node.version += 1;
    this.#changed(path, false);
    return true;
  }

  remove(path: string, version = -1): boolean {
    const node = this.nodes.get(path);
    if (node === undefined || (version >= 0 && node.version !== version)) return false;
    if (this.children(path).length > 0) return false;
    this.#zxid += 1;
    this.nodes.delete(path);
    this.#changed(path, true);
    return true;
  }

  children(path: string): readonly string[] {
    const names = [...this.nodes.keys()].filter(
      (other) => other.startsWith(`${path}/`) && !other.slice(path.length + 1).includes("/"),
    );
    return names.map((name) => name.slice(path.length + 1)).sort();
  }

  statOf(node: Znode, session: MemorySession): NodeStat {
    const { czxid, version, owner } = node;
    return { czxid, version, createdAtMs: 0, modifiedAtMs: 0, mine: owner === session };
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

type Port = Pick<
  ZooKeeperSession,
  | "ended"
  | "silent"
  | "create"
  | "ensure"
  | "get"
  | "stat"
  | "children"
  | "set"
  | "put"
  | "remove"
  | "watch"
  | "close"
>;

export class MemorySession implements Port {
  readonly #server: MemoryZooKeeper;
  readonly #process: VirtualProcess;
  readonly #link: Link;
  readonly #timeoutMs: number;
  readonly #out: Lane;
  readonly #back: Lane;
  readonly #ended = new AbortController();
  #silent = new AbortController();
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #pending = new Set<(error: Error) => void>();
  #expired = false;
  #connected = true;

  readonly ended: AbortSignal = this.#ended.signal;

  constructor(server: MemoryZooKeeper, process: VirtualProcess, link: Link, timeoutMs: number) {
    this.#server = server;
    this.#process = process;
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#out = link.lane();
    this.#back = link.lane();
    process.onEnd(() => this.#unheard(0));
  }

  close(): void {
    if (this.ended.aborted) return;
    this.#end("session closed");
    this.#out(() => this.#server.end(this));
  }

  dispose(): void {
    this.#silent.abort("the world is over");
    this.#ended.abort("the world is over");
  }

  async create(
    path: string,
    data: string,
    options: { readonly ephemeral?: boolean; readonly sequential?: boolean } = {},
  ): Promise<string | null> {
    const owner = options.ephemeral ? this : null;
    return this.#call(() => this.#server.create(path, data, owner, options.sequential ?? false));
  }

  async ensure(path: string, data = ""): Promise<void> {
    await this.create(path, data);
  }

  get(path: string): Promise<NodeContent | null> {
    return this.#call(() => {
      const node = this.#server.nodes.get(path);
      return node === undefined ? null : { data: node.data, stat: this.#server.statOf(node, this) };
    });
  }

  async stat(path: string): Promise<NodeStat | null> {
    return (await this.get(path))?.stat ?? null;
  }

  children(path: string): Promise<readonly string[]> {
    return this.#call(() => this.#server.children(path));
  }

  set(path: string, data: string, version = -1): Promise<boolean> {
    return this.#call(() => this.#server.set(path, data, version));
  }

  async put(path: string, data: string): Promise<void> {
    if (await this.set(path, data)) return;
    if ((await this.create(path, data)) === null) await this.set(path, data);
  }

  remove(path: string, version = -1): Promise<boolean> {
    return this.#call(() => this.#server.remove(path, version));
  }

  watch(kind: WatchKind, path: string, wake: () => void, scope?: AbortSignal): void {
    const key = `${kind} ${path}`;
    const wakes = this.#watches.get(key) ?? new Set();
    wakes.add(wake);
    this.#watches.set(key, wakes);
    scope?.addEventListener("abort", () => wakes.delete(wake), { once: true });
  }

  /** Server side. */
  fire(kind: WatchKind, path: string): void {
    if (this.#watches.has(`${kind} ${path}`))
      this.#toClient(() => {
        for (const wake of this.#watches.get(`${kind} ${path}`) ?? []) wake();
      });
  }

  /** The ensemble does not hear of this session for `ms`: beyond the timeout it is over, and others take its place. */
  unheardFor(ms: number, random: () => number): void {
    const lastHeardMs = random() * (this.#timeoutMs / 3);
    this.#unheard(lastHeardMs, ms);
    if (!this.#link.isCut) return;
    this.#process.after(random() * this.#timeoutMs * (2 / 3), () => {
      if (this.#link.isCut) this.#disconnected();
    });
  }

  get silent(): AbortSignal {
    return this.#silent.signal;
  }

  /** As if somebody had ended the session by its id. */
  expire(): void {
    if (this.#expired) return;
    this.#expired = true;
    this.#server.end(this);
    // All that the client sees at once is a closed connection; it learns why from the server that it reaches next.
    this.#toClient(() => {
      this.#disconnected();
      this.#process.after(this.#link.delayMs() * reconnectFactor, () => this.#end("session expired"));
    });
  }

  #unheard(lastHeardMs: number, ms = Number.POSITIVE_INFINITY): void {
    if (ms > this.#timeoutMs - lastHeardMs)
      this.#server.world.after(this.#timeoutMs - lastHeardMs, () => this.expire());
  }

  #disconnected(): void {
    if (this.ended.aborted) return;
    this.#connected = false;
    for (const fail of [...this.#pending]) fail(new TransientError("ZooKeeper connection lost"));
    this.#process.after(this.#timeoutMs, () => {
      if (!this.#connected && !this.silent.aborted)
        this.#silent.abort(new TransientError("ZooKeeper not heard of for a session timeout"));
    });
  }

  /** The link is there again: a session that lives looks at everything anew, changes may have been missed. */
  mended(): void {
    this.#toClient(() => {
      this.#connected = true;
      if (this.silent.aborted && !this.ended.aborted) this.#silent = new AbortController();
      for (const wakes of this.#watches.values()) for (const wake of wakes) wake();
    });
  }

  #end(why: string): void {
    if (this.ended.aborted) return;
    const reason = new TransientError(`ZooKeeper ${why}`);
    if (!this.silent.aborted) this.#silent.abort(reason);
    this.#ended.abort(reason);
    for (const fail of [...this.#pending]) fail(reason);
  }

  #call<T>(answer: () => T): Promise<T> {
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    if (!this.#process.step()) return new Promise(() => undefined);
    if (!this.#connected) return Promise.reject(new TransientError("ZooKeeper connection lost"));
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#pending.delete(fail);
        reject(error);
      };
      this.#pending.add(fail);
      this.#out(() => {
        if (this.#expired) return;
        const given = answer();
        this.#toClient(() => {
          this.#pending.delete(fail);
          resolve(given);
        });
      });
    });
  }

  #toClient(act: () => void): void {
    this.#back(() =>
      this.#process.receive(() => {
        if (!this.ended.aborted) act();
      }),
    );
  }
}
