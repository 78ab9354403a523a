// A session with the ZooKeeper in memory: it is over when it was not heard of for its timeout, and learns of that late.
import { TransientError } from "../../core/errors.ts";
import type { NodeContent, NodeStat, WatchKind, ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { Lane, Link } from "./link.ts";
import type { MemoryZooKeeper, Znode } from "./memory-zookeeper.ts";
import type { VirtualProcess } from "./virtual-process.ts";

/** Connecting anew takes that much longer than a message. */
const reconnectFactor = 50;
const seekMs = 200;

/** A server, and the way to it. */
export interface Reached {
  readonly link: Link;
  readonly server: number;
}

export class MemorySession implements ZnodeSession {
  readonly #server: MemoryZooKeeper;
  readonly #process: VirtualProcess;
  readonly timeoutMs: number;
  /** The server that it is connected to. */
  server: number;
  #link: Link;
  #out: Lane;
  #back: Lane;
  readonly #ended = new AbortController();
  #silent = new AbortController();
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #pending = new Set<(error: Error) => void>();
  #expired = false;
  /** What its server still answers with, and what it has not told yet. */
  #older: ReadonlyMap<string, Znode> | undefined;
  readonly #untold = new Set<string>();
  #connected = true;
  /** How often it has lost its server, and whether it has found another one since. */
  #losses = 0;
  #isMissed = false;

  readonly ended: AbortSignal = this.#ended.signal;

  constructor(
    ensemble: MemoryZooKeeper,
    process: VirtualProcess,
    { link, server }: Reached,
    timeoutMs: number,
  ) {
    this.#server = ensemble;
    this.server = server;
    this.#process = process;
    this.#link = link;
    this.timeoutMs = timeoutMs;
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

  sync(): Promise<void> {
    return this.#call(() => this.#catchUp());
  }

  async create(
    path: string,
    data: string,
    options: { readonly ephemeral?: boolean; readonly sequential?: boolean } = {},
  ): Promise<string | null> {
    const owner = options.ephemeral ? this : null;
    return this.#write(() => this.#server.create(path, data, owner, options.sequential ?? false));
  }

  async protect(): Promise<void> {
    // Everybody is the same user.
  }

  async ensure(path: string, data = ""): Promise<void> {
    await this.create(path, data);
  }

  get(path: string): Promise<NodeContent | null> {
    return this.#call(() => {
      const node = (this.#older ?? this.#server.nodes).get(path);
      return node === undefined ? null : { data: node.data, stat: this.#server.statOf(node, this) };
    });
  }

  async stat(path: string): Promise<NodeStat | null> {
    return (await this.get(path))?.stat ?? null;
  }

  children(path: string): Promise<readonly string[]> {
    return this.#call(() => this.#server.children(path, this.#older));
  }

  set(path: string, data: string, version = -1): Promise<boolean> {
    return this.#write(() => this.#server.set(path, data, version));
  }

  async put(path: string, data: string): Promise<void> {
    if (await this.set(path, data)) return;
    if ((await this.create(path, data)) === null) await this.set(path, data);
  }

  remove(path: string, version = -1): Promise<boolean> {
    return this.#write(() => this.#server.remove(path, version));
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
    const key = `${kind} ${path}`;
    if (this.#older !== undefined) this.#untold.add(key);
    else if (this.#watches.has(key))
      this.#toClient(() => {
        for (const wake of this.#watches.get(key) ?? []) wake();
      });
  }

  get isBehind(): boolean {
    return this.#older !== undefined;
  }

  /** Server side: its own server has not heard of what comes next. */
  fallBehind(older: ReadonlyMap<string, Znode>, forMs: number): void {
    this.#older = older;
    if (Number.isFinite(forMs)) this.#server.world.after(forMs, () => this.#catchUp());
  }

  #catchUp(): void {
    if (this.#older === undefined) return;
    this.#older = undefined;
    for (const key of this.#untold)
      this.#toClient(() => {
        for (const wake of this.#watches.get(key) ?? []) wake();
      });
    this.#untold.clear();
  }

  /** A session sees what it has written itself, and so all that was written before. */
  #write<T>(write: () => T): Promise<T> {
    return this.#call(() => {
      const written = write();
      this.#catchUp();
      return written;
    });
  }

  /** The ensemble does not hear of this session for `ms`: beyond the timeout it is over, and others take its place. */
  unheardFor(ms: number, random: () => number): void {
    const lastHeardMs = random() * (this.timeoutMs / 3);
    this.#unheard(lastHeardMs, ms);
    if (!this.#link.isCut) return;
    this.#process.after(random() * this.timeoutMs * (2 / 3), () => {
      if (this.#link.isCut) this.#disconnected();
    });
  }

  /** Its server is gone, or not heard of: it looks for another one until there is one. */
  seeks(pick: () => Reached | undefined, random: () => number): void {
    this.#losses += 1;
    this.#isMissed = true;
    const losses = this.#losses;
    const isOver = () => this.#losses !== losses || this.#expired || this.ended.aborted;
    const check = () => {
      if (isOver() || !this.#isMissed) return;
      // Sessions do not end while there is nobody to end them.
      if (this.#server.leader === undefined) this.#server.world.after(this.timeoutMs, check);
      else this.expire();
    };
    this.#server.world.after(this.timeoutMs - random() * (this.timeoutMs / 3), check);
    const seek = () => {
      if (this.#losses !== losses || this.ended.aborted) return;
      const reached = pick();
      if (reached === undefined) this.#process.after(seekMs, seek);
      else this.#moveTo(reached);
    };
    this.#process.after(random() * this.timeoutMs * (2 / 3), () => {
      if (this.#losses !== losses) return;
      this.#disconnected();
      this.#process.after(this.#link.delayMs() * reconnectFactor, seek);
    });
  }

  #moveTo({ link, server }: Reached): void {
    this.#link = link;
    this.#out = link.lane();
    this.#back = link.lane();
    this.server = server;
    this.#isMissed = false;
    if (this.#expired) this.#end("session expired");
    else this.mended();
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
    if (ms > this.timeoutMs - lastHeardMs)
      this.#server.world.after(this.timeoutMs - lastHeardMs, () => this.expire());
  }

  #disconnected(): void {
    if (this.ended.aborted) return;
    this.#connected = false;
    for (const fail of [...this.#pending]) fail(new TransientError("ZooKeeper connection lost"));
    this.#process.after(this.timeoutMs, () => {
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
      const out = this.#out;
      out(() => {
        // A server takes nothing of a session that has moved to another.
        if (this.#expired || out !== this.#out) return;
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
