// The adapter of the npm zookeeper client: a session as promises, watches as wake-ups, and two signals that say how far
// the session can be trusted. A session object is used once: after `ended` it is never touched again, because the native
// client crashes when a closed handle is used.
import ZooKeeper from "zookeeper";
import { TransientError } from "../../core/errors.ts";
import { within } from "../process/waiting.ts";
import type { Log } from "../telemetry/log.ts";
import { addressesOf, addressIn, FollowedAddresses, type ZooKeeperAddress } from "./address.ts";
import type {
  CreateOptions,
  NodeContent,
  NodeStat,
  OpenZnodeSession,
  WatchKind,
  ZnodeSession,
} from "./port.ts";

export interface ZooKeeperOptions {
  /**
   * `[user:password@]host:port[,host:port…]`. With a user, every node that is made is for that user alone; without, for
   * everybody who reaches the server.
   */
  readonly servers: string;
  /** Of several, the host of the one that is tried first. */
  readonly preferred?: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly log: Log;
}

const openWithinMs = 10_000;
const callWithinMs = 10_000;
const flags = { persistent: 0, ephemeral: 1, sequence: 2 } as const;
const code = { ok: 0, noNode: -101, badVersion: -103, exists: -110, notEmpty: -111, closing: -116 } as const;
/** The client takes some empty reads in a row for an expiry; under load they are ordinary. */
const emptyReadsMax = 1_000;

interface RawStat {
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
  readonly ctime: number | Date;
  readonly mtime: number | Date;
  readonly createdInThisSession: boolean;
}

const statOf = (raw: RawStat): NodeStat => ({
  czxid: raw.czxid,
  mzxid: raw.mzxid,
  version: raw.version,
  createdAtMs: Number(raw.ctime),
  modifiedAtMs: Number(raw.mtime),
  mine: raw.createdInThisSession,
});

/** All rights for whoever the session has proved to be, none for anybody else. */
const ownersOnly = [{ perm: ZooKeeper.constants.ZOO_PERM_ALL, scheme: "auth", auth: "" }];

type Done = (rc: number, error: string, ...rest: unknown[]) => void;

export class ZooKeeperSession implements ZnodeSession {
  readonly #client: ZooKeeper;
  readonly #address: ZooKeeperAddress;
  readonly #servers: FollowedAddresses;
  readonly #ended = new AbortController();
  #silent = new AbortController();
  readonly #watches = new Map<string, { kind: WatchKind; path: string; wakes: Set<() => void> }>();
  #silenceTimer: NodeJS.Timeout | undefined;
  #timeoutMs: number;

  readonly ended: AbortSignal = this.#ended.signal;
  private constructor(options: ZooKeeperOptions, address: ZooKeeperAddress, addresses: string) {
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#address = address;
    this.#servers = new FollowedAddresses(address, (now) => this.#client.set_servers(now) === code.ok);
    this.#client = new ZooKeeper({
      connect: `${addresses}${address.root}`,
      timeout: options.sessionTimeoutMs,
      // None: the client would write lines of its own between those of the program, for each server that is away.
      debug_level: 0,
      host_order_deterministic: address.isOrdered,
      response_counter_limit: emptyReadsMax,
    });
    this.#client.on("connecting", () => this.#onDisconnected());
    this.#client.on("connect", () => this.#onConnected());
    this.#client.on("close", () => this.#end("session expired or closed"));
    // The client passes its native handle before the path.
    for (const event of ["created", "deleted", "changed"])
      this.#client.on(event, (_handle: unknown, path: string) => {
        this.#fire("node", path);
        if (event === "deleted") this.#fire("children", path);
      });
    this.#client.on("child", (_handle: unknown, path: string) => this.#fire("children", path));
  }

  /** @throws TransientError when no server answers in time */
  static async open(options: ZooKeeperOptions): Promise<ZooKeeperSession> {
    const address = addressIn(options.servers, options.preferred);
    const session = new ZooKeeperSession(options, address, await addressesOf(address, openWithinMs));
    const connected = new Promise<void>((resolve, reject) => {
      session.#client.once("connect", () => resolve());
      session.ended.addEventListener("abort", () => reject(session.ended.reason), { once: true });
    });
    connected.catch(() => undefined);
    try {
      session.#client.init({});
      session.#servers.follow();
      await within(connected, openWithinMs, `connect to ZooKeeper at ${session.#address.hosts}`);
      await session.#authenticate();
    } catch (cause) {
      session.close();
      throw new TransientError("open a ZooKeeper session", { cause });
    }
    return session;
  }

  get silent(): AbortSignal {
    return this.#silent.signal;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  close(): void {
    if (this.ended.aborted) return;
    this.#end("session closed");
    this.#client.close();
  }

  /** A single server has no older state to answer with. */
  async sync(): Promise<void> {
    if (!this.#address.hosts.includes(",")) return;
    await this.#call("sync", "/", [], (done) => this.#client.a_sync("/", done as never));
  }

  async create(path: string, data: string, options: CreateOptions = {}): Promise<string | null> {
    const flag =
      (options.ephemeral ? flags.ephemeral : flags.persistent) | (options.sequential ? flags.sequence : 0);
    const creating = this.#call<string>("create", path, [code.exists], (done) =>
      this.#client.a_create(path, data, flag, done as never),
    );
    // The client cannot make a node with rights. Requests of one session are carried out in their order, so the rights
    // follow at once; only a number must be known first.
    if (!options.sequential) this.#protectInPassing(path);
    const [rc, made] = await creating;
    if (rc !== code.ok) return null;
    if (options.sequential) this.#protectInPassing(made ?? path);
    return made ?? path;
  }

  async protect(path: string): Promise<void> {
    if (this.#address.credentials === undefined) return;
    await this.#setOwner(path);
    const below = path === "/" ? "" : path;
    for (const name of await this.children(path))
      if (below !== "" || name !== "zookeeper") await this.protect(`${below}/${name}`);
  }

  #protectInPassing(path: string): void {
    // A node that is gone again needs no rights, and a session that is over says so elsewhere.
    if (this.#address.credentials !== undefined) this.#setOwner(path).catch(() => undefined);
  }

  async #setOwner(path: string): Promise<void> {
    await this.#call("set the rights of", path, [code.noNode], (done) =>
      this.#client.a_set_acl(path, -1, ownersOnly as never, done as never),
    );
  }

  /** Once for the whole session: the client repeats it after each reconnect. */
  async #authenticate(): Promise<void> {
    const { credentials } = this.#address;
    if (credentials === undefined) return;
    await this.#call("prove the identity to", "the server", [], (done) =>
      this.#client.add_auth("digest", credentials, done as never),
    );
  }

  async ensure(path: string, data = ""): Promise<void> {
    const parts = path.split("/").slice(1);
    for (let i = 1; i < parts.length; i++) await this.create(`/${parts.slice(0, i).join("/")}`, "");
    await this.create(path, data);
  }

  async get(path: string): Promise<NodeContent | null> {
    const [rc, raw, data] = await this.#call<RawStat, Buffer | null>("get", path, [code.noNode], (done) =>
      this.#client.a_get(path, false, done as never),
    );
    if (rc !== code.ok || raw === undefined) return null;
    return { data: data?.toString("utf8") ?? "", stat: statOf(raw) };
  }

  async stat(path: string): Promise<NodeStat | null> {
    const [rc, raw] = await this.#call<RawStat>("stat", path, [code.noNode], (done) =>
      this.#client.a_exists(path, false, done as never),
    );
    return rc === code.ok && raw !== undefined ? statOf(raw) : null;
  }

  async children(path: string): Promise<readonly string[]> {
    const [rc, names] = await this.#call<string[]>("children", path, [code.noNode], (done) =>
      this.#client.a_get_children(path, false, done as never),
    );
    return rc === code.ok ? [...(names ?? [])].sort() : [];
  }

  async set(path: string, data: string, version = -1): Promise<boolean> {
    const [rc] = await this.#call<RawStat>("set", path, [code.noNode, code.badVersion], (done) =>
      this.#client.a_set(path, data, version, done as never),
    );
    return rc === code.ok;
  }

  async put(path: string, data: string): Promise<void> {
    if (await this.set(path, data)) return;
    if ((await this.create(path, data)) === null) await this.set(path, data);
  }

  async remove(path: string, version = -1): Promise<boolean> {
    const [rc] = await this.#call("delete", path, [code.noNode, code.badVersion, code.notEmpty], (done) =>
      this.#client.a_delete_(path, version, done as never),
    );
    return rc === code.ok;
  }

  watch(kind: WatchKind, path: string, wake: () => void, scope?: AbortSignal): void {
    const key = `${kind} ${path}`;
    const watch = this.#watches.get(key) ?? { kind, path, wakes: new Set() };
    watch.wakes.add(wake);
    this.#watches.set(key, watch);
    scope?.addEventListener("abort", () => watch.wakes.delete(wake), { once: true });
    this.#arm(kind, path);
  }

  #arm(kind: WatchKind, path: string): void {
    if (this.ended.aborted) return;
    // Outcomes do not matter here: a lost connection arms everything again when it comes back.
    if (kind === "node") this.#client.a_exists(path, true, () => undefined);
    else this.#client.a_get_children(path, true, () => undefined);
  }

  #fire(kind: WatchKind, path: string): void {
    const watch = this.#watches.get(`${kind} ${path}`);
    if (watch === undefined || watch.wakes.size === 0) return;
    // Armed before the wake: what the receiver then reads is at least as new as the watch.
    this.#arm(kind, path);
    for (const wake of [...watch.wakes]) wake();
  }

  #onConnected(): void {
    clearTimeout(this.#silenceTimer);
    this.#servers.rest();
    if (this.silent.aborted && !this.ended.aborted) this.#silent = new AbortController();
    const negotiated = (this.#client as unknown as { timeout?: number }).timeout;
    if (typeof negotiated === "number" && negotiated > 0) this.#timeoutMs = negotiated;
    for (const { kind, path } of this.#watches.values()) this.#fire(kind, path);
  }

  #onDisconnected(): void {
    if (this.ended.aborted) return;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(
      () => this.#silent.abort(new TransientError("ZooKeeper not heard of for a session timeout")),
      this.#timeoutMs,
    );
    this.#servers.follow();
  }

  #end(why: string): void {
    clearTimeout(this.#silenceTimer);
    this.#servers.rest();
    const reason = new TransientError(`ZooKeeper ${why}`);
    if (!this.#silent.signal.aborted) this.#silent.abort(reason);
    if (!this.#ended.signal.aborted) this.#ended.abort(reason);
  }

  async #call<A, B = unknown>(
    verb: string,
    path: string,
    expected: readonly number[],
    start: (done: Done) => number | unknown,
  ): Promise<[rc: number, a: A | undefined, b: B | undefined]> {
    if (this.ended.aborted) throw this.ended.reason;
    const answer = new Promise<[number, A | undefined, B | undefined]>((resolve, reject) => {
      const done: Done = (rc, error, a, b) => {
        if (rc === code.ok || expected.includes(rc)) resolve([rc, a as A, b as B]);
        else reject(new TransientError(`ZooKeeper ${verb} ${path}: ${error} (${rc})`));
      };
      const rc = start(done);
      if (typeof rc === "number" && rc !== code.ok)
        reject(new TransientError(`ZooKeeper ${verb} ${path}: refused by the client (${rc})`));
    });
    return within(answer, callWithinMs, `ZooKeeper ${verb} ${path}`);
  }
}

export const zooKeeperAt =
  (servers: string, log: Log, preferred?: string): OpenZnodeSession =>
  (sessionTimeoutMs) =>
    ZooKeeperSession.open({ servers, preferred, sessionTimeoutMs, log });
