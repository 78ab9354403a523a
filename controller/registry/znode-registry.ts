// Registry over one ZooKeeper session. What it cannot read it throws; what is unreadable in itself counts as absent.
import { TransientError } from "../../core/errors.ts";
import type { LogSpec } from "../../core/manifest/manifest.ts";
import { type SpecNode, writtenSpecFrom } from "../../core/state/spec-node.ts";
import type { EventRecord } from "../../core/state/status.ts";
import {
  type BackupsNode,
  type ClusterStatus,
  type Command,
  type CopyNode,
  type DrainNode,
  fromJson,
  type HostNode,
  type LogNode,
  type MasterNode,
  noterOf,
  type Paths,
  type PidNode,
  type ReadsNode,
  type SuspectsNode,
  type TablesNode,
  toJson,
  type WindowNode,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type {
  EndedWorker,
  HostNotes,
  ListedCopy,
  Registry,
  RegistryView,
  SeenCommand,
  SeenLog,
  SeenMaster,
  Signal,
  SuspectsVerdict,
  Target,
} from "../ports.ts";
import { endedByItself } from "../reconcile/ending.ts";

function readsOf(nodes: readonly ReadsNode[]): Pick<RegistryView, "reads" | "firstReadAtMs"> {
  const firsts = nodes.flatMap(({ firstReadAtMs }) => firstReadAtMs ?? []);
  return {
    reads: nodes.reduce((sum, node) => sum + node.reads, 0),
    firstReadAtMs: firsts.length === 0 ? null : Math.min(...firsts),
  };
}

type Znodes = Pick<ZnodeSession, "children" | "create" | "get" | "put" | "remove" | "set" | "sync">;

export class ZnodeRegistry implements Registry, HostNotes {
  readonly #session: Znodes;
  readonly #paths: Paths;
  readonly #clock: Clock;

  constructor(session: Znodes, paths: Paths, clock: Clock) {
    this.#clock = clock;
    this.#session = session;
    this.#paths = paths;
  }

  async view(): Promise<RegistryView> {
    const at = this.#paths;
    const [
      ,
      nodes,
      copyNodes,
      pidNodes,
      drains,
      readsNodes,
      commandNodes,
      master,
      log,
      windowNode,
      specNode,
      tablesNode,
      retention,
      backupsNode,
    ] = await Promise.all([
      // First: what is decided on this is decided on what all others have written.
      this.#session.sync(),
      this.#below<WorkerNode>(at.workers),
      this.#below<CopyNode>(at.copies),
      this.#below<PidNode>(at.pids),
      this.#below<DrainNode>(at.draining),
      this.#below<ReadsNode>(at.reads),
      this.#commands(at.commands),
      this.#master(),
      this.#log(),
      this.#json<WindowNode>(at.window),
      this.#json(at.spec, writtenSpecFrom),
      this.#json<TablesNode>(at.tables),
      this.#json<LogSpec>(at.logRetention),
      this.#json<BackupsNode>(at.backups),
    ]);
    return {
      nodes: [...nodes.values()],
      master,
      log,
      copies: copyNodes,
      pids: pidNodes,
      draining: drains,
      ...readsOf([...readsNodes.values()]),
      window: windowNode,
      commands: commandNodes,
      spec: specNode,
      tables: tablesNode,
      logRetention: retention,
      backups: backupsNode,
    };
  }

  async #below<T>(parent: string): Promise<ReadonlyMap<string, T>> {
    const names = await this.#session.children(parent);
    const found = await Promise.all(
      names.map(async (name) => [name, await this.#json<T>(`${parent}/${name}`)] as const),
    );
    return new Map(found.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
  }

  /** In the order they were made. An unreadable one is told as such: it must be cleared away. */
  async #commands(parent: string): Promise<readonly SeenCommand[]> {
    const ids = await this.#session.children(parent);
    const found = await Promise.all(ids.map((id) => this.#session.get(`${parent}/${id}`)));
    return ids.flatMap((id, i) => {
      const content = found[i] ?? null;
      if (content === null) return [];
      return [{ id, command: fromJson<Command>(content.data), version: content.stat.version }];
    });
  }

  async #log(): Promise<SeenLog | null> {
    const content = await this.#session.get(this.#paths.log);
    const node = content === null ? null : fromJson<LogNode>(content.data);
    return content === null || node === null ? null : { ...node, version: content.stat.version };
  }

  async #master(): Promise<SeenMaster | null> {
    const [content, base] = await Promise.all([
      this.#session.get(this.#paths.master),
      this.#session.get(this.#paths.epochBase),
    ]);
    const node = content === null ? null : fromJson<MasterNode>(content.data);
    if (content === null || node === null) return null;
    const epoch = Number(base?.data || 0) + content.stat.czxid;
    return { ...node, epoch, createdAtMs: content.stat.createdAtMs };
  }

  async hosts(): Promise<ReadonlyMap<string, HostNode>> {
    const [, hosts] = await Promise.all([this.#session.sync(), this.#below<HostNode>(this.#paths.hosts)]);
    return hosts;
  }

  tellSignal({ worker, container }: Target, signal: Signal): Promise<void> {
    const node: DrainNode = { container, atMs: this.#clock.wallMs(), signal };
    return this.#session.put(this.#paths.drain(worker), toJson(node));
  }

  async #json<T>(path: string, read = fromJson<T>): Promise<T | null> {
    const content = await this.#session.get(path);
    return content === null ? null : read(content.data);
  }

  writeSpec(node: SpecNode): Promise<void> {
    return this.#session.put(this.#paths.spec, toJson(node));
  }

  writeWindow(node: WindowNode): Promise<void> {
    return this.#session.put(this.#paths.window, toJson(node));
  }

  writePid(worker: string, { pid, container }: PidNode): Promise<void> {
    return this.#session.put(this.#paths.pid(worker), toJson({ pid, container } satisfies PidNode));
  }

  async removePid(worker: string): Promise<void> {
    await this.#session.remove(this.#paths.pid(worker));
  }

  /** @throws TransientError when it has become master since it was chosen */
  async writeDrain(worker: string, node: DrainNode): Promise<void> {
    const [, master] = await Promise.all([this.#session.sync(), this.#master()]);
    if (master === null || master.container === node.container)
      throw new TransientError(`drain ${worker}: the master changed in the meantime`);
    await this.#session.put(this.#paths.drain(worker), toJson(node));
  }

  async removeDrain(worker: string): Promise<void> {
    await this.#session.remove(this.#paths.drain(worker));
  }

  async forgetWorker(worker: string, container: string, suspects: SuspectsVerdict): Promise<void> {
    await this.#forget(worker, container, suspects);
  }

  /** @returns whether it was there */
  async #forget(worker: string, container: string, suspects: SuspectsVerdict): Promise<boolean> {
    const path = this.#paths.worker(worker);
    const held = await this.#heldBy(path, container);
    if (held === null) return false;
    // First: as soon as the worker counts as gone, others take what it had in hand.
    await this.judgeSuspects(worker, container, suspects);
    await this.#session.remove(path, held.version);
    return true;
  }

  /**
   * What a process that is known to have ended still holds: it ends here, long before its session would.
   * @returns whether it held anything
   */
  async forgetEnded({ worker, container, ending }: EndedWorker): Promise<boolean> {
    const [, content] = await Promise.all([this.#session.sync(), this.#session.get(this.#paths.master)]);
    const held = content === null ? null : fromJson<MasterNode>(content.data);
    const led = held?.container === container ? held : null;
    const verdict = led !== null && !endedByItself(ending) ? "cleared" : "blamed";
    const wasThere = await this.#forget(worker, container, verdict);
    if (led !== null) await this.forgetMaster(led);
    return wasThere || led !== null;
  }

  async judgeSuspects(worker: string, container: string, verdict: SuspectsVerdict): Promise<void> {
    const path = this.#paths.suspect(noterOf(worker, container));
    const content = await this.#session.get(path);
    if (content === null) return;
    const note = fromJson<SuspectsNode>(content.data);
    if (verdict === "blamed") await this.#session.set(path, toJson({ ...note, died: true }));
    else if (note === null || note.blamed.length === 0) await this.#session.remove(path);
    else await this.#session.set(path, toJson({ ...note, begun: [] }));
  }

  /**
   * Looks again, because the znode may have become another worker's since. ZooKeeper removes by version alone, and a successor's
   * znode has the same small ones: if the dead master's session ends and another worker is elected between the two calls,
   * that worker loses its znode. It then stops leading, as after any loss of its znode, and the next election begins; its
   * writes are fenced by the log, not by the znode.
   */
  async forgetMaster({ container, guid }: Pick<MasterNode, "container" | "guid">): Promise<void> {
    const held = await this.#heldBy(this.#paths.master, container);
    if (held?.guid === guid) await this.#session.remove(this.#paths.master, held.version);
  }

  /** Looks again: between observing and acting the znode may have become another's. */
  async #heldBy(path: string, container: string): Promise<{ guid: string; version: number } | null> {
    const [, content] = await Promise.all([this.#session.sync(), this.#session.get(path)]);
    if (content === null) return null;
    const holder = fromJson<Pick<WorkerNode | MasterNode, "container" | "guid">>(content.data);
    return holder?.container === container ? { guid: holder.guid, version: content.stat.version } : null;
  }

  writeCommand(id: string, command: Command, version: number): Promise<boolean> {
    return this.#session.set(`${this.#paths.commands}/${id}`, toJson(command), version);
  }

  async listCopy({ worker, host, holds }: ListedCopy, volume: "new" | "existing"): Promise<void> {
    const node = toJson({ holds, atMs: this.#clock.wallMs(), host } satisfies CopyNode);
    const path = this.#paths.copy(worker);
    if (volume === "new") await this.#session.put(path, node);
    else if ((await this.#session.create(path, node)) === null) await this.#noteHost(path, host);
  }

  /** Of a copy that is noted: its worker may be writing there at the same time, and what it holds must stay. */
  async #noteHost(path: string, host: string): Promise<void> {
    const content = await this.#session.get(path);
    const known = content === null ? null : fromJson<CopyNode>(content.data);
    if (content === null || known === null || known.host === host) return;
    await this.#session.set(path, toJson({ ...known, host }), content.stat.version);
  }

  async unlistCopy(worker: string): Promise<void> {
    await this.#session.remove(this.#paths.copy(worker));
  }

  async writeLog(log: LogNode, version: number | null): Promise<boolean> {
    if (version !== null) return this.#session.set(this.#paths.log, toJson(log), version);
    return (await this.#session.create(this.#paths.log, toJson(log))) !== null;
  }

  async removeCommand(id: string): Promise<void> {
    await this.#session.remove(`${this.#paths.commands}/${id}`);
  }

  readStatus = (): Promise<ClusterStatus | null> => this.#json<ClusterStatus>(this.#paths.status);

  writeStatus(status: ClusterStatus): Promise<void> {
    return this.#session.put(this.#paths.status, toJson(status));
  }

  writeCycle = (cycle: ClusterStatus["lastCycle"]): Promise<void> =>
    this.#session.put(this.#paths.cycle, toJson(cycle));

  async readEvents(): Promise<readonly EventRecord[]> {
    return (await this.#json<readonly EventRecord[]>(this.#paths.events)) ?? [];
  }

  writeEvents(events: readonly EventRecord[]): Promise<void> {
    return this.#session.put(this.#paths.events, toJson(events));
  }
}
