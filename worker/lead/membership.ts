// This worker among the others: its ephemeral znode, what it says there, whom it sees, and the `master` znode.
import { messageOf, TransientError } from "../../core/errors.ts";
import { knownStatements } from "../../core/messages/statement.ts";
import { sameMemory } from "../../core/rules/broker-memory.ts";
import type { NamedCopy } from "../../core/rules/copy-ids.ts";
import {
  type CopyNode,
  fromJson,
  type HostNode,
  type LogNode,
  type MasterNode,
  type Paths,
  type PidNode,
  type Place,
  toJson,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { Elected, Members, Peer } from "../ports.ts";
import { AcknowledgedLog, type KnownLog } from "./log-node.ts";
import type { SeenMemory } from "./seen-memory.ts";

/** Counters and positions are told this often at most; a change of state at once. */
const counterEveryMs = 500;
/** Of a znode that was made and not changed since. */
const firstVersion = 0;

export type Telling = Omit<WorkerNode, "name" | "container" | "host" | "guid" | "pid" | "sinceMs">;

export interface MembershipOptions {
  readonly session: Pick<
    ZnodeSession,
    "ended" | "create" | "get" | "set" | "put" | "stat" | "children" | "remove" | "sync" | "watch" | "close"
  >;
  readonly paths: Paths;
  readonly name: string;
  readonly container: string;
  readonly guid: string;
  /** Where its volume is; undefined where there is but one host. */
  readonly host: string | undefined;
  readonly sinceMs: number;
  readonly memory: SeenMemory;
  readonly time: Clock;
  readonly log: Log;
  /** Read whenever the node is written. */
  readonly telling: () => Telling;
}

/** What stands in ZooKeeper about all copies. */
export interface KnownCopies {
  readonly log: KnownLog;
  readonly copies: ReadonlyMap<string, Place | null>;
  /** The controller publishes the manifest once it has listed every volume. */
  readonly listed: boolean;
}

export class Membership implements Members {
  readonly #options: MembershipOptions;
  readonly #log: AcknowledgedLog;
  #pid: number | null = null;
  #told = "";
  #telling: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#log = new AcknowledgedLog(options.session, options.paths, options);
  }

  get pid(): number | null {
    return this.#pid;
  }

  /** Makes this worker's node, and follows its pid. The node goes with the session. */
  async join(): Promise<void> {
    const { session, paths, name } = this.#options;
    await this.#readPid();
    const path = paths.worker(name);
    this.#told = toJson(this.#node());
    // A node of this name that is there already is an earlier session's, of this container or of the one before it.
    await session.remove(path);
    if ((await session.create(path, this.#told, { ephemeral: true })) === null)
      throw new TransientError(`the znode of ${name} is held by another session`);
    session.watch("node", paths.pid(name), () => void this.#onPid(), session.ended);
    // It may have been told before there was a watch.
    await this.#onPid();
    void this.#tellForEver();
  }

  async #tellForEver(): Promise<void> {
    const { session, time } = this.#options;
    while (!session.ended.aborted) {
      await time.sleep(counterEveryMs, session.ended);
      this.tell();
    }
  }

  /** Writes the node if what it says has changed. One write at a time, in order. */
  tell(): void {
    this.#telling = this.#telling
      .then(() => this.#tellNow())
      .catch((error) => {
        this.#options.log.debug({ err: error }, "could not update the worker znode");
      });
  }

  async told(): Promise<void> {
    this.tell();
    await this.#telling;
  }

  async #tellNow(): Promise<void> {
    const { session, paths, name } = this.#options;
    const text = toJson(this.#node());
    if (text === this.#told || session.ended.aborted) return;
    if (await session.set(paths.worker(name), text)) this.#told = text;
    // The controller took this worker for dead and removed its node: this worker must not go on as if it were a member.
    else session.close();
  }

  /** As they are, not as an older state of ZooKeeper has them: who leads is decided on this. */
  async peers(): Promise<readonly Peer[]> {
    const { session, paths } = this.#options;
    const [, names, logHost] = await Promise.all([
      session.sync(),
      session.children(paths.workers),
      this.#logHost(),
    ]);
    const peers = await Promise.all(names.map((name) => this.#peer(name, logHost)));
    return peers.filter((peer) => peer !== null);
  }

  async #peer(name: string, logHost: string | null): Promise<Peer | null> {
    const { session, paths } = this.#options;
    const content = await session.get(paths.worker(name));
    const node = content === null ? null : fromJson<WorkerNode>(content.data);
    if (content === null || node === null) return null;
    const besideLog = node.host !== undefined && node.host === logHost;
    return { name, pid: node.pid, eligible: node.eligible, besideLog, czxid: content.stat.czxid, node };
  }

  /** Whose broker leads the log, as the hosts' own notes say; null where there is but one broker, or none says so. */
  async #logHost(): Promise<string | null> {
    const { session, paths, host, memory } = this.#options;
    if (host === undefined || !memory.isOfSeveral) return null;
    const names = await session.children(paths.hosts);
    const contents = await Promise.all(names.map((name) => session.get(paths.host(name))));
    return names.find((_, i) => leadsLog(contents[i]?.data)) ?? null;
  }

  async master(): Promise<MasterNode | null> {
    const { session, paths } = this.#options;
    const [, content] = await Promise.all([session.sync(), session.get(paths.master)]);
    return content === null ? null : fromJson<MasterNode>(content.data);
  }

  /** One atomic create decides. @returns null when another worker was first */
  async takeMastership(): Promise<Elected | null> {
    const { session, paths } = this.#options;
    if (this.#pid === null) return null;
    const node = toJson(this.#masterNode(this.#pid));
    if ((await session.create(paths.master, node, { ephemeral: true })) === null) return null;
    const [stat, base, known] = await Promise.all([
      session.stat(paths.master),
      this.#epochBase(),
      this.#log.read(),
    ]);
    if (stat === null || !stat.mine) throw new TransientError("lost the master znode at once");
    return { epoch: base + stat.czxid, known: known.node };
  }

  /** @throws TransientError when a later master has written what it holds */
  hasLed(place: Place, copyId: string, witnesses: readonly NamedCopy[], isFinal?: boolean): Promise<void> {
    return this.#log.hasLed(place, copyId, witnesses, isFinal);
  }

  get isNoteOutdated(): boolean {
    return this.#log.isOutdated;
  }

  get notedMemory(): string | undefined {
    return this.#log.memory;
  }

  /** Writes down that the log holds everything acknowledged. @returns false when the node has changed since it was read */
  async vouch(known: KnownLog, node: LogNode): Promise<boolean> {
    // ZooKeeper was emptied, or is new; epochs must still only grow.
    if (known.node === null) await this.raiseEpochs(node.epoch);
    return this.#log.replace(known, node);
  }

  async knownCopies(): Promise<KnownCopies> {
    const { session, paths } = this.#options;
    const [, log] = await Promise.all([session.sync(), this.#log.read()]);
    // The log is whole: what else there is makes no difference.
    if (log.node !== null && sameMemory(log.node.broker, this.#options.memory.now))
      return { log, copies: new Map(), listed: true };
    const [names, spec] = await Promise.all([session.children(paths.copies), session.stat(paths.spec)]);
    const holdings = await Promise.all(
      names.map(async (name) => {
        const content = await session.get(paths.copy(name));
        const node = content === null ? null : fromJson<CopyNode>(content.data);
        return [name, node?.holds ?? null] as const;
      }),
    );
    return { log, copies: new Map(holdings), listed: spec !== null };
  }

  /** Outlives this worker: which copy is on its volume, and what it holds. */
  async keepPlace({ epoch, position }: Place, copyId: string): Promise<void> {
    const { session, paths, name, time } = this.#options;
    const node: CopyNode = { holds: { epoch, position }, copyId, atMs: time.now(), ...this.#at() };
    await session.put(paths.copy(name), toJson(node));
  }

  /** Tells the API that writes are taken from now on. Nothing depends on it but how soon those under way are sent again. */
  async atWork(): Promise<void> {
    const { session, paths, log } = this.#options;
    try {
      const node: MasterNode = { ...this.#masterNode(this.#pid ?? 0), atWork: true };
      await session.set(paths.master, toJson(node), firstVersion);
    } catch (error) {
      log.debug({ reason: messageOf(error) }, "could not tell that writes are taken");
    }
  }

  /** The log knows a newer epoch than ZooKeeper can give: ZooKeeper was emptied. The next election starts above it. */
  async raiseEpochs(above: number): Promise<void> {
    const { session, paths } = this.#options;
    const base = await this.#epochBase();
    if (above > base) await session.put(paths.epochBase, String(above));
  }

  async #epochBase(): Promise<number> {
    const content = await this.#options.session.get(this.#options.paths.epochBase);
    return Number(content?.data || 0);
  }

  #masterNode(pid: number): MasterNode {
    const { name, container, guid } = this.#options;
    return { name, container, guid, pid, sql: true, statements: knownStatements };
  }

  #node(): WorkerNode {
    const { name, container, guid, sinceMs, telling } = this.#options;
    return { name, container, ...this.#at(), guid, pid: this.#pid, sinceMs, ...telling() };
  }

  #at(): { readonly host?: string } {
    const { host } = this.#options;
    return host === undefined ? {} : { host };
  }

  async #onPid(): Promise<void> {
    try {
      await this.#readPid();
      this.tell();
    } catch (error) {
      // The connection is away: when it comes back every watch fires again.
      this.#options.log.debug({ err: error }, "could not read the pid");
    }
  }

  async #readPid(): Promise<void> {
    const { session, paths, name, container } = this.#options;
    const content = await session.get(paths.pid(name));
    const node = content === null ? null : fromJson<PidNode>(content.data);
    // A pid of the container that had this name before says nothing about this one.
    this.#pid = node?.container.startsWith(container) ? node.pid : null;
  }
}

const leadsLog = (note: string | undefined): boolean =>
  note !== undefined && fromJson<HostNode>(note)?.leads.includes("stream") === true;
