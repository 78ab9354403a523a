// A worker of the simulation: the product's membership, log reader and roles, on a process, a disk and connections that the
// world can take away at any moment. Its sessions follow one another as in worker/session.ts.
import { TransientError } from "../../core/errors.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import type { ReadBatch, ReadItem } from "../../core/messages/queues.ts";
import type { WorkerState } from "../../core/state/worker-state.ts";
import { type Paths, toJson } from "../../core/state/znodes.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import { LogReader } from "../../worker/copy/log-reader.ts";
import { Membership } from "../../worker/lead/membership.ts";
import type { Role } from "../../worker/lead/role.ts";
import { runRoles } from "../../worker/lead/run-roles.ts";
import { type OwnStanding, type Remembered, Standing } from "../../worker/lead/standing.ts";
import type { Suspicion } from "../../worker/ports.ts";
import type { AnswerReads } from "../../worker/read/slave.ts";
import { Suspects } from "../../worker/requests/suspects.ts";
import { FencedError, LogWriter } from "../../worker/write/log-writer.ts";
import { Link } from "../fakes/link.ts";
import type { MemoryBroker } from "../fakes/memory-broker.ts";
import type { MemoryConnection } from "../fakes/memory-connection.ts";
import { Disk, MemoryLedger } from "../fakes/memory-ledger.ts";
import type { MemorySession } from "../fakes/memory-session.ts";
import type { MemoryZooKeeper } from "../fakes/memory-zookeeper.ts";
import { VirtualProcess } from "../fakes/virtual-process.ts";
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import { contentsAt, type SeenContents } from "./contents.ts";
import type { Variant } from "./variants.ts";

export interface Surroundings {
  readonly world: VirtualWorld;
  readonly broker: MemoryBroker;
  readonly zooKeeper: MemoryZooKeeper;
  readonly paths: Paths;
  readonly spec: ManifestSpec;
  readonly log: Log;
  readonly variant: Variant;
}

const rabbitDelayMs = 3;
const zooKeeperDelayMs = 4;
const diskDelayMs = 2;
const backOffMs = 150;
const freshWithinMs = 2_000;
const defaultDownMs = 500;

const stateOf = (role: Role): WorkerState => (role === "stopped" ? "joining" : role);

export class SimulatedWorker {
  readonly name: string;
  readonly rabbitLink: Link;
  readonly zooKeeperLink: Link;
  disk = new Disk();
  process: VirtualProcess;
  connection: MemoryConnection | undefined;
  session: MemorySession | undefined;
  role: Role = "stopped";
  diskSlowByMs = 0;
  /** Called once it has noted suspects and is about to work on them. */
  onSuspects: (() => void) | undefined;
  /** Errors that no fault explains: each is a finding. */
  readonly surprises: string[] = [];
  readonly #around: Surroundings;
  #containers = 0;
  #remembered: Remembered = { vouchedUnder: null };
  #sessions = 0;
  #stop = new AbortController();
  #downMs = defaultDownMs;

  constructor(around: Surroundings, number: number) {
    this.#around = around;
    this.name = `w-${number + 1}`;
    this.rabbitLink = new Link(around.world, `${this.name} rabbit`, rabbitDelayMs);
    this.zooKeeperLink = new Link(around.world, `${this.name} zookeeper`, zooKeeperDelayMs);
    this.process = new VirtualProcess(around.world, this.name);
    this.start();
  }

  /** A new container, told its pid as the controller does. */
  start(): void {
    const { world, paths, zooKeeper } = this.#around;
    this.#containers += 1;
    this.process = new VirtualProcess(world, `${this.name}.${this.#containers}`);
    this.#remembered = { vouchedUnder: null };
    this.tellPid();
    zooKeeper.remove(paths.drain(this.name));
    this.#stop = new AbortController();
    this.#downMs = defaultDownMs;
    void this.#lives(this.process, this.#stop.signal);
  }

  tellPid(): void {
    const { world, paths, zooKeeper } = this.#around;
    const pid = 1_000 + Math.floor(world.random(`pid ${this.process.name}`)() * 9_000);
    const path = paths.pid(this.name);
    const node = toJson({ pid, container: this.process.name });
    if (!zooKeeper.set(path, node, -1)) zooKeeper.create(path, node, null, false);
  }

  /** As by a SIGTERM. */
  stop(downMs: number): void {
    this.#downMs = downMs;
    this.process.receive(() => this.#stop.abort(new TransientError("stopped")));
  }

  /** As the controller asks for it. */
  drain(downMs: number): void {
    const { paths, zooKeeper } = this.#around;
    this.#downMs = downMs;
    zooKeeper.create(paths.drain(this.name), "{}", null, false);
  }

  #ended(process: VirtualProcess): void {
    this.#around.world.tell(this.name, "ended in order");
    process.kill();
    this.#around.world.after(this.#downMs, () => {
      if (this.process.dead) this.start();
    });
  }

  async #lives(process: VirtualProcess, stop: AbortSignal): Promise<void> {
    let over = false;
    while (!over) {
      const undo: (() => void)[] = [];
      try {
        over = (await this.#live(process, stop, undo)) === "drained";
      } catch (error) {
        this.#around.world.tell(this.name, `session over: ${String(error)}`);
        if (!(error instanceof TransientError || error instanceof FencedError))
          this.surprises.push(`${this.name}: ${String(error)}`);
      }
      for (const undone of undo.reverse()) undone();
      over ||= stop.aborted;
      await process.sleep(backOffMs);
    }
    this.#ended(process);
  }

  #watched(suspicion: Suspicion): Suspicion {
    return {
      begin: async (ids) => {
        const verdict = await suspicion.begin(ids);
        if (ids.length > 0 && this.role === "master") this.onSuspects?.();
        return verdict;
      },
      blame: (ids) => suspicion.blame(ids),
    };
  }

  async #live(
    process: VirtualProcess,
    stop: AbortSignal,
    undo: (() => void)[],
  ): Promise<"drained" | "ended"> {
    const { broker, zooKeeper, paths, spec, log, variant, world } = this.#around;
    if (this.rabbitLink.isCut || this.zooKeeperLink.isCut) throw new TransientError("no connection");
    const connection = broker.connect(process, this.rabbitLink);
    this.connection = connection;
    undo.push(() => void connection.close());
    const session = zooKeeper.connect(process, this.zooKeeperLink, spec.failover.sessionTimeoutMs);
    this.session = session;
    undo.push(() => session.close());
    const signal = AbortSignal.any([stop, connection.ended, session.ended]);
    const ledger = new MemoryLedger({
      disk: this.disk,
      work: () => process.work(diskDelayMs + this.diskSlowByMs),
      keeps: variant.keeps,
    });
    this.#sessions += 1;
    const parts = { name: this.name, broker, connection, ledger };
    const memory = await connection.memoryId();
    let standing: Standing | undefined;
    let role: Role = "joining";
    const membership = new Membership({
      session,
      paths,
      name: this.name,
      container: process.name,
      guid: `${process.name}#${this.#sessions}`,
      sinceMs: 0,
      memory,
      time: process,
      log,
      telling: () => ({
        state: stateOf(role),
        eligible: standing?.eligible ?? false,
        position: ledger.applied.position,
        epoch: ledger.applied.epoch,
        readsServed: 0,
        writesServed: 0,
      }),
    });
    const suspects = new Suspects({
      session,
      paths,
      name: this.name,
      container: process.name,
      peers: () => membership.peers(),
      log,
    });
    await suspects.withdraw();
    await membership.join();
    await membership.keepPlace(ledger.applied);
    const opened = await LogReader.open({ rabbit: connection, time: process, log }, ledger.applied, signal);
    const reader = variant.reader(opened, parts);
    const { judge } = variant;
    const writer = new LogWriter({ rabbit: connection, reader, judge, ledger, time: process });
    standing = new Standing({
      membership,
      session,
      paths,
      name: this.name,
      memory,
      remembered: this.#remembered,
      time: process,
      log,
      onChange: () => membership.tell(),
    });
    const own = (): OwnStanding => ({
      place: ledger.applied,
      joint: ledger.applied.offset >= 0 || opened.hasRead ? "joined" : "empty",
    });
    standing.wakeOnChanges(signal);
    await standing.look(own()).catch(() => undefined);
    await membership.told();
    const over = new AbortController();
    undo.push(() => over.abort("session over"));
    standing.watch(own, AbortSignal.any([signal, over.signal])).catch((error) => {
      world.tell(this.name, String(error));
      connection.close();
    });
    return runRoles(
      {
        name: this.name,
        rabbit: connection,
        session,
        membership,
        suspects: this.#watched(variant.suspicion(suspects)),
        paths,
        ledger,
        reader,
        writer: variant.writer(writer, parts),
        judge,
        memory,
        time: process,
        answerReads: answering(ledger, process),
        spec: () => spec,
        log,
        onRole: (next) => {
          role = next;
          this.role = next;
          if (world.tracing) world.tell(this.name, `is ${next} at ${ledger.applied.position}`);
          membership.tell();
        },
        onReads: () => undefined,
        onWrites: () => undefined,
      },
      signal,
    );
  }
}

/** Answers what the copy holds, once it has the wanted position. */
const answering =
  (ledger: MemoryLedger, process: VirtualProcess): AnswerReads =>
  async (batch: ReadBatch, { emit }) => {
    for (const item of batch.items) {
      const body = await answerOf(item, ledger, process);
      const { position } = ledger.applied;
      emit([
        body === null
          ? {
              index: item.index,
              ok: false,
              body: JSON.stringify({ code: "not_fresh", message: "" }),
              position,
            }
          : { index: item.index, ok: true, body: JSON.stringify(body), position: body.position },
      ]);
    }
  };

async function answerOf(
  { minPosition = 0 }: ReadItem,
  ledger: MemoryLedger,
  process: VirtualProcess,
): Promise<SeenContents | null> {
  const untilMs = process.now() + freshWithinMs;
  while (ledger.applied.position < minPosition) {
    if (process.now() > untilMs) return null;
    await process.sleep(20);
  }
  await process.work(diskDelayMs);
  return contentsAt(ledger.contents);
}
