// One worker among the others for the time of one session: its copy joined to the log, its standing, and the roles it goes through.
import { messageOf, TerminalError } from "../../core/errors.ts";
import { nowhere, samePlace } from "../../core/log/place.ts";
import { judge, judgeFrom } from "../../core/log/record.ts";
import type { WorkerState } from "../../core/state/worker-state.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import { type Attached, attach, type Donor } from "../copy/attach.ts";
import { Confirming } from "../copy/confirming.ts";
import { GapError } from "../copy/log-reader.ts";
import { scrub } from "../copy/scrub.ts";
import { donateSnapshots } from "../copy/snapshot.ts";
import { DivergedError, Store } from "../copy/store.ts";
import { tellTables } from "../copy/tell-tables.ts";
import type { Standing as Measured } from "../measures.ts";
import { Observed } from "../observed.ts";
import { readsFrom } from "../read/answer-reads.ts";
import { Suspects } from "../requests/suspects.ts";
import { DamagedFileError } from "../sqlite-errors.ts";
import type { Connections, Kept, WorkerPorts } from "../worker-ports.ts";
import { ledgerOf } from "../write/ledger.ts";
import { LogWriter } from "../write/log-writer.ts";
import { KeptPlace } from "./kept-place.ts";
import { Membership, type Telling } from "./membership.ts";
import type { Role } from "./role.ts";
import type { RoleOptions } from "./role-options.ts";
import { runRoles } from "./run-roles.ts";
import type { SeenMemory } from "./seen-memory.ts";
import { type OwnStanding, Standing } from "./standing.ts";
import { Witnesses } from "./witnesses.ts";

const beatEveryMs = 2_000;
const showMs = 10_000;

const stateOf = (role: Role): WorkerState => (role === "stopped" ? "joining" : role);

export class Member {
  readonly #ports: WorkerPorts;
  readonly #kept: Kept;
  readonly #broker: BrokerConnection;
  readonly #znodes: ZnodeSession;
  readonly #memory: SeenMemory;
  readonly #guid: string;
  readonly #membership: Membership;
  readonly #suspects: Suspects;
  readonly #standing: Standing;
  readonly #places: KeptPlace;
  #role: Role = "joining";
  #isReading = false;
  #takesOver = false;
  #progress = 0;
  #opening: string | undefined = "reads its file through";
  #store: Store | null = null;
  /** How many copies have begun in this session. */
  #copies = 0;

  constructor(ports: WorkerPorts, kept: Kept, { broker, znodes, memory }: Connections) {
    this.#ports = ports;
    this.#kept = kept;
    this.#broker = broker;
    this.#znodes = znodes;
    this.#memory = memory;
    this.#guid = ports.newId();
    const { name, container, host, paths, clock, log, measures } = ports;
    measures.standing = () => this.#measured();
    const shared = { session: znodes, paths, name, memory, time: clock, log };
    this.#membership = new Membership({
      ...shared,
      container,
      host,
      guid: this.#guid,
      sinceMs: clock.wallMs(),
      telling: () => this.#telling(),
    });
    this.#standing = new Standing({
      ...shared,
      membership: this.#membership,
      remembered: kept,
      onChange: () => this.#membership.tell(),
    });
    this.#suspects = new Suspects({ ...shared, container, peers: () => this.#membership.peers() });
    this.#places = new KeptPlace(this.#membership, clock, log);
  }

  /** Undefined while it joins, takes over, or leaves: then it has something to bring to an end first. */
  get atWork(): { readonly role: "slave" | "master"; readonly offset: number } | undefined {
    const offset = this.#store?.applied.offset ?? -1;
    if (offset < 0 || this.#takesOver || (this.#role !== "slave" && this.#role !== "master"))
      return undefined;
    return { role: this.#role, offset };
  }

  #measured(): Measured {
    const { position, epoch } = this.#store?.applied ?? nowhere;
    return { state: stateOf(this.#role), position, epoch };
  }

  #telling(): Telling {
    const { measures } = this.#ports;
    const waiting = this.#opening ?? this.#standing.waiting;
    return {
      ...this.#measured(),
      ...(this.#store === null ? {} : { copyId: this.#store.copyId }),
      eligible: this.#isReading && this.#standing.eligible && this.#role !== "draining",
      ...(waiting === undefined ? {} : { waiting }),
      ...(this.#progress === 0 ? {} : { progress: this.#progress }),
      readsServed: measures.reads,
      writesServed: measures.writes,
    };
  }

  async run(signal: AbortSignal): Promise<"drained" | "ended"> {
    const { log } = this.#ports;
    await this.#suspects.withdraw();
    await this.#membership.join();
    this.#standing.wakeOnChanges(signal);
    void this.#beat(signal);
    const attached = await this.#attach(signal);
    this.#isReading = true;
    this.#kept.gap = undefined;
    await donateSnapshots(
      { rabbit: this.#broker, clock: this.#ports.clock, disk: this.#ports.disk },
      this.#guid,
      () => this.#store,
      log,
    );
    await this.#standing.look(standingOf(attached));
    await this.#membership.told();
    return this.#work(attached, signal);
  }

  /** Goes through the roles, and beside them looks after the copy. Whatever of it fails ends the session. */
  async #work(attached: Attached, signal: AbortSignal): Promise<"drained" | "ended"> {
    const over = new AbortController();
    const failed = new AbortController();
    this.#lookAfter(attached, AbortSignal.any([signal, over.signal]), (error) => failed.abort(error));
    try {
      const scope = AbortSignal.any([signal, failed.signal]);
      const outcome = await runRoles(this.#roles(attached, signal), scope);
      failed.signal.throwIfAborted();
      return outcome;
    } catch (cause) {
      const error = failed.signal.aborted ? failed.signal.reason : cause;
      // The file is kept until another worker's copy is here: it may hold what no other copy does.
      if (error instanceof GapError) this.#kept.gap = error;
      if (isDivergence(error)) await this.#quarantine(attached.store, error);
      throw error;
    } finally {
      over.abort("session over");
    }
  }

  #lookAfter(attached: Attached, signal: AbortSignal, fail: (error: unknown) => void): void {
    const { store } = attached;
    const { clock, log } = this.#ports;
    scrub(store, clock, log, signal).catch(fail);
    this.#standing.watch(() => standingOf(attached), signal).catch(fail);
    void this.#places.keep(store, signal);
  }

  #roles({ store, reader, adoptsFrom }: Attached, signal: AbortSignal): RoleOptions {
    const { name, paths, clock, log, measures, tracing } = this.#ports;
    // With one broker there is but one host to have a copy on.
    const host = this.#memory.isOfSeveral ? this.#ports.host : undefined;
    const spec = () => this.#kept.spec.required;
    const observed = new Observed(measures, tracing, name, clock);
    const rabbit = observed.broker(this.#broker);
    const ledger = observed.ledger(ledgerOf(store, this.#ports.newId));
    const judgeOfCopy = adoptsFrom === undefined ? judge : judgeFrom(adoptsFrom);
    const writer = new LogWriter({ rabbit, reader, judge: judgeOfCopy, ledger, time: clock });
    return {
      name,
      rabbit,
      session: this.#znodes,
      membership: this.#membership,
      suspects: this.#suspects,
      paths,
      ledger,
      reader,
      writer: observed.writer(writer),
      confirming:
        host === undefined
          ? undefined
          : new Confirming({ worker: name, host, rabbit: this.#broker, ledger, time: clock }),
      gather: (epoch) =>
        Witnesses.gather(this.#broker, epoch, { host, own: () => ledger.applied, time: clock, log }),
      judge: judgeOfCopy,
      memory: this.#memory,
      adoptsFrom,
      time: clock,
      answerReads: observed.reads(readsFrom(store, spec)),
      spec,
      log,
      onTables: tellTables(this.#znodes, paths.tables, { clock, log }, signal),
      onElected: () => {
        this.#takesOver = true;
      },
      onRole: (role) => {
        this.#takesOver = false;
        this.#role = role;
        this.#membership.tell();
      },
      onReads: (reads) => {
        measures.reads += reads;
      },
      onWrites: (writes) => {
        measures.writes += writes;
      },
    };
  }

  async #attach(signal: AbortSignal): Promise<Attached> {
    const { directory, disk, clock, log, measures } = this.#ports;
    try {
      return await attach({
        directory,
        disk,
        rabbit: this.#broker,
        clock,
        log,
        newCopyId: () => `${this.#guid}.${++this.#copies}`,
        standing: this.#standing,
        peers: () => this.#others(),
        onOpen: async (opened) => {
          this.#opening = undefined;
          this.#store = opened;
          await this.#places.put(opened);
          await this.#membership.told();
        },
        onSnapshot: () => {
          this.#kept.gap = undefined;
          measures.snapshotsTaken += 1;
        },
        onProgress: () => {
          this.#progress += 1;
        },
        gap: this.#kept.gap,
        signal,
      });
    } catch (error) {
      this.#store = null;
      if (error instanceof TerminalError) await this.#showFor(messageOf(error), signal);
      throw error;
    }
  }

  /** What an operator has to settle stands in the status for a while; then it is looked at again. */
  async #showFor(why: string, signal: AbortSignal): Promise<void> {
    this.#ports.log.error({ reason: why }, "own copy cannot be used");
    this.#opening = why;
    await this.#membership.told();
    await this.#ports.clock.sleep(showMs, signal);
  }

  /** As long as it waits for something that it can name, it is not stuck. */
  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#ports.clock.sleep(beatEveryMs, signal);
      if (this.#opening !== undefined || this.#standing.waiting !== undefined) this.#progress += 1;
    }
  }

  async leave(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    if (store !== null && !this.#znodes.ended.aborted) await this.#places.last(store);
    await store?.close();
    // With a session that is lost the next one does it.
    if (!this.#znodes.ended.aborted) await this.#suspects.withdraw().catch(() => undefined);
  }

  /** The copy cannot be trusted: the next session starts from nothing. */
  async #quarantine(store: Store, error: unknown): Promise<void> {
    this.#ports.log.error({ reason: messageOf(error) }, "own copy cannot go on, put aside");
    this.#store = null;
    await store.close();
    await Store.discard(store.directory, this.#ports.disk);
  }

  async #others(): Promise<readonly Donor[]> {
    const peers = await this.#membership.peers();
    return peers
      .filter((peer) => peer.name !== this.#ports.name)
      .map(({ name, node: { guid } }) => ({ name, guid }));
  }
}

/** How the copy stands to the log while it is read. */
function standingOf({ store, reader, adoptsFrom }: Attached): OwnStanding {
  const { copyId, applied: place } = store;
  const own = { copyId, place, offset: place.offset, sync: () => store.sync() };
  if (adoptsFrom !== undefined && samePlace(place, adoptsFrom)) return { ...own, joint: "apart" };
  return { ...own, joint: place.offset >= 0 || reader.hasRead ? "joined" : "empty" };
}

const isDivergence = (error: unknown): boolean =>
  error instanceof DamagedFileError || error instanceof DivergedError;
