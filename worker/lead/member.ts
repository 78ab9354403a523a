// One worker among the others for the time of one life: its copy joined to the log, its standing, and the roles it goes through.
import { randomUUID } from "node:crypto";
import { messageOf, TerminalError, TransientError } from "../../core/errors.ts";
import { judge, judgeFrom } from "../../core/log/judge.ts";
import { nowhere, samePlace } from "../../core/log/place.ts";
import type { Joint } from "../../core/rules/trust.ts";
import type { Place, WorkerState } from "../../core/state/znodes.ts";
import { sleep } from "../../platform/process/waiting.ts";
import type { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import type { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { type Attached, attach, type Donor } from "../copy/attach.ts";
import { GapError, type LogReader } from "../copy/log-reader.ts";
import { scrub } from "../copy/scrub.ts";
import { donateSnapshots } from "../copy/snapshot.ts";
import { DivergedError, Store } from "../copy/store.ts";
import { tellTables } from "../copy/tell-tables.ts";
import type { WorkerOptions } from "../life.ts";
import type { Standing as Measured } from "../measures.ts";
import { Observed } from "../observed.ts";
import { systemTime } from "../ports.ts";
import { answerReads } from "../read/answer-reads.ts";
import { Suspects } from "../requests/suspects.ts";
import { DamagedFileError } from "../sqlite.ts";
import { ledgerOf } from "../write/ledger.ts";
import { LogWriter } from "../write/log-writer.ts";
import { KeptPlace } from "./kept-place.ts";
import { Membership, type Telling } from "./membership.ts";
import type { Role } from "./role.ts";
import { runRoles } from "./run-roles.ts";
import { Standing } from "./standing.ts";

/** A read waits this long at most for the copy to reach a wanted position. */
const freshWithinMs = 2_000;
const beatEveryMs = 2_000;
const showMs = 10_000;
const memoryEveryMs = 30_000;

const stateOf = (role: Role): WorkerState => (role === "stopped" ? "joining" : role);

export class Member {
  readonly #options: WorkerOptions;
  readonly #rabbit: Rabbit;
  readonly #session: ZooKeeperSession;
  readonly #memory: string;
  readonly #guid = randomUUID();
  readonly #membership: Membership;
  readonly #suspects: Suspects;
  readonly #standing: Standing;
  readonly #places: KeptPlace;
  #role: Role = "joining";
  #isReading = false;
  #progress = 0;
  #opening: string | undefined = "reads its file through";
  #store: Store | null = null;

  constructor(options: WorkerOptions, rabbit: Rabbit, session: ZooKeeperSession, memory: string) {
    this.#options = options;
    this.#memory = memory;
    this.#rabbit = rabbit;
    this.#session = session;
    const { name, container, paths, log, measures, remembered } = options;
    measures.standing = () => this.#measured();
    this.#membership = new Membership({
      session,
      paths,
      name,
      container,
      guid: this.#guid,
      sinceMs: Date.now(),
      memory,
      time: systemTime,
      log,
      telling: () => this.#telling(),
    });
    this.#standing = new Standing({
      membership: this.#membership,
      session,
      paths,
      name,
      memory,
      remembered,
      time: systemTime,
      log,
      onChange: () => this.#membership.tell(),
    });
    this.#suspects = new Suspects({
      session,
      paths,
      name,
      container,
      peers: () => this.#membership.peers(),
      log,
    });
    this.#places = new KeptPlace(this.#membership, log);
  }

  #measured(): Measured {
    const { position, epoch } = this.#store?.applied ?? nowhere;
    return { state: stateOf(this.#role), position, epoch };
  }

  #telling(): Telling {
    const { measures } = this.#options;
    const waiting = this.#opening ?? this.#standing.waiting;
    return {
      ...this.#measured(),
      eligible: this.#isReading && this.#standing.eligible && this.#role !== "draining",
      ...(waiting === undefined ? {} : { waiting }),
      ...(this.#progress === 0 ? {} : { progress: this.#progress }),
      readsServed: measures.reads,
      writesServed: measures.writes,
    };
  }

  async run(signal: AbortSignal): Promise<"drained" | "ended"> {
    const { name, paths, log, spec, measures, tracing } = this.#options;
    await this.#suspects.withdraw();
    await this.#membership.join();
    this.#standing.wakeOnChanges(signal);
    void this.#beat(signal);
    const { store, reader, adoptsFrom } = await this.#attach(signal);
    this.#isReading = true;
    this.#options.remembered.gap = undefined;
    const known = () => {
      if (spec.current === null) throw new Error("no manifest known");
      return spec.current;
    };
    const observed = new Observed(measures, tracing, name);
    const rabbit = observed.broker(this.#rabbit);
    const ledger = observed.ledger(ledgerOf(store));
    const judgeOfCopy = adoptsFrom === undefined ? judge : judgeFrom(adoptsFrom);
    const writer = new LogWriter({ rabbit, reader, judge: judgeOfCopy, ledger, time: systemTime });
    await donateSnapshots(this.#rabbit, this.#guid, () => this.#store, log);
    const ownStanding = () => ({ place: store.applied, joint: jointOf(store, reader, adoptsFrom) });
    await this.#standing.look(ownStanding());
    await this.#membership.told();
    const scrubbing = new AbortController();
    const failed = new AbortController();
    const besides = AbortSignal.any([signal, scrubbing.signal]);
    scrub(store, systemTime, log, besides).catch((error) => failed.abort(error));
    this.#standing.watch(ownStanding, besides).catch((error) => failed.abort(error));
    this.#watchMemory(besides).catch((error) => failed.abort(error));
    void this.#places.keep(() => store.applied, besides);
    try {
      const outcome = await runRoles(
        {
          name,
          rabbit,
          session: this.#session,
          membership: this.#membership,
          suspects: this.#suspects,
          paths,
          ledger,
          reader,
          writer: observed.writer(writer),
          judge: judgeOfCopy,
          memory: this.#memory,
          adoptsFrom,
          time: systemTime,
          answerReads: observed.reads((batch, reply) => {
            const { queryMs, timeoutMs: answerWithinMs } = known().requests;
            return answerReads(store, batch, { queryMs, answerWithinMs, freshWithinMs }, reply);
          }),
          spec: known,
          log,
          onTables: tellTables(this.#session, paths.tables, log, signal),
          onRole: (role) => {
            this.#role = role;
            this.#membership.tell();
          },
          onReads: (reads) => {
            measures.reads += reads;
          },
          onWrites: (writes) => {
            measures.writes += writes;
          },
        },
        AbortSignal.any([signal, failed.signal]),
      );
      failed.signal.throwIfAborted();
      return outcome;
    } catch (cause) {
      const error = failed.signal.aborted ? failed.signal.reason : cause;
      // The file is kept until another worker's copy is here: nobody else may have what is in it.
      if (error instanceof GapError) this.#options.remembered.gap = error;
      if (isDivergence(error)) await this.#quarantine(store, error);
      throw error;
    } finally {
      scrubbing.abort("life over");
    }
  }

  async #attach(signal: AbortSignal): Promise<Attached> {
    const { directory, log, measures, remembered } = this.#options;
    try {
      return await attach({
        directory,
        rabbit: this.#rabbit,
        log,
        standing: this.#standing,
        peers: () => this.#others(),
        onOpen: async (opened) => {
          this.#opening = undefined;
          this.#store = opened;
          await this.#places.put(opened.applied);
          await this.#membership.told();
        },
        onSnapshot: () => {
          remembered.gap = undefined;
          measures.snapshotsTaken += 1;
        },
        onProgress: () => {
          this.#progress += 1;
        },
        gap: remembered.gap,
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
    this.#options.log.error({ reason: why }, "own copy cannot be used");
    this.#opening = why;
    await this.#membership.told();
    await sleep(showMs, signal);
  }

  /** As long as it waits for something that it can name, it is not stuck. */
  async #beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(beatEveryMs, signal);
      if (this.#opening !== undefined || this.#standing.waiting !== undefined) this.#progress += 1;
    }
  }

  /**
   * The id changes under a living connection only by hand, and then nothing is lost; but workers that come later see another
   * one than this worker does. @throws TransientError when it has changed
   */
  async #watchMemory(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(memoryEveryMs, signal);
      if (signal.aborted) return;
      const memory = await this.#rabbit.memoryId().catch(() => this.#memory);
      if (memory !== this.#memory) throw new TransientError("the broker's memory id was changed");
    }
  }

  async leave(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    if (store !== null && !this.#session.ended.aborted) await this.#places.last(store.applied);
    await store?.close();
    // With a session that is lost the next one does it.
    if (!this.#session.ended.aborted) await this.#suspects.withdraw().catch(() => undefined);
  }

  /** The copy cannot be trusted: the next life starts from nothing. */
  async #quarantine(store: Store, error: unknown): Promise<void> {
    this.#options.log.error({ reason: messageOf(error) }, "own copy cannot go on, put aside");
    this.#store = null;
    await store.close();
    await Store.discard(store.directory);
  }

  async #others(): Promise<readonly Donor[]> {
    const peers = await this.#membership.peers();
    return peers
      .filter((peer) => peer.name !== this.#options.name)
      .map(({ name, node: { guid } }) => ({ name, guid }));
  }
}

/** How the copy stands to the log while it is read. */
function jointOf({ applied }: Store, reader: LogReader, adoptsFrom: Place | undefined): Joint {
  if (adoptsFrom !== undefined && samePlace(applied, adoptsFrom)) return "apart";
  return applied.offset >= 0 || reader.hasRead ? "joined" : "empty";
}

const isDivergence = (error: unknown): boolean =>
  error instanceof DamagedFileError || error instanceof DivergedError;
