// One life of a worker: the connections, its membership, its copy joined to the log, and the roles it goes through. When
// anything that it stands on is lost, the life ends with all that was in it, and a new one begins: nothing is ever repaired
// half-way. The broker comes first: a worker without it must not be seen by an election.
import { randomUUID } from "node:crypto";
import { messageOf } from "../protocol/errors.ts";
import type { Log } from "../protocol/log.ts";
import { Rabbit } from "../protocol/rabbit.ts";
import type { Tracing } from "../protocol/tracing.ts";
import { type Paths, persistentParents, type WorkerState } from "../protocol/znodes.ts";
import { ZooKeeperSession } from "../protocol/zookeeper.ts";
import { measuredLedger, measuredReads } from "./measured.ts";
import type { Measures, Standing } from "./measures.ts";
import { Membership } from "./membership.ts";
import { systemTime } from "./ports.ts";
import { attach } from "./replica/attach.ts";
import { judge } from "./replica/judge.ts";
import { GapError } from "./replica/log-reader.ts";
import { scrub } from "./replica/scrub.ts";
import { donateSnapshots } from "./replica/snapshot.ts";
import { DivergedError, Store } from "./replica/store.ts";
import { answerReads } from "./roles/answer-reads.ts";
import type { Role } from "./roles/role.ts";
import { runRoles } from "./roles/run-roles.ts";
import { ledgerOf } from "./roles/store-ledger.ts";
import type { KnownSpec } from "./spec.ts";
import { DamagedFileError } from "./sqlite.ts";
import { Suspects } from "./suspects.ts";
import { Traced } from "./traced.ts";

export interface WorkerOptions {
  readonly name: string;
  readonly container: string;
  readonly directory: string;
  readonly rabbitUrl: string;
  readonly zooKeeperServers: string;
  readonly paths: Paths;
  readonly log: Log;
  readonly spec: KnownSpec;
  /** Outlive the lives: what this process has done since it started. */
  readonly measures: Measures;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
  /** Outlives the lives as well: why the last one could not follow the log. */
  readonly trouble: { gap: GapError | undefined };
}

const sessionTimeoutDefaultMs = 4_000;
/** A read waits this long at most for the copy to reach a wanted position. */
const freshWithinMs = 2_000;

const stateOf = (role: Role): WorkerState => (role === "stopped" ? "joining" : role);

/** @returns "drained" when the worker may stop for good; @throws what ended the life otherwise */
export async function live(options: WorkerOptions, stop: AbortSignal): Promise<"drained" | "ended"> {
  const { name, rabbitUrl, zooKeeperServers, paths, log, spec } = options;
  const undo: (() => Promise<void> | void)[] = [];
  options.measures.lives += 1;
  try {
    const rabbit = await Rabbit.open(rabbitUrl, name);
    undo.push(() => rabbit.close());
    await rabbit.declareQueues();
    const session = await ZooKeeperSession.open({
      servers: zooKeeperServers,
      sessionTimeoutMs: spec.current?.failover.sessionTimeoutMs ?? sessionTimeoutDefaultMs,
      log,
    });
    undo.push(() => session.close());
    const signal = AbortSignal.any([stop, rabbit.ended, session.ended]);
    for (const path of persistentParents(paths)) await session.ensure(path);
    const { log: retention } = await spec.follow(session, paths, log, signal);
    await rabbit.declareLog({
      maxBytes: retention.retentionBytes,
      maxAgeSeconds: Math.ceil(retention.retentionMs / 1000),
    });
    const member = new Member(options, rabbit, session);
    undo.push(() => member.leave());
    return await member.run(signal);
  } finally {
    // The session goes first among the connections only after the roles are left: a master lets go of its znode last.
    for (const undone of undo.reverse()) await Promise.resolve(undone()).catch(() => undefined);
  }
}

class Member {
  readonly #options: WorkerOptions;
  readonly #rabbit: Rabbit;
  readonly #session: ZooKeeperSession;
  readonly #guid = randomUUID();
  readonly #membership: Membership;
  #role: Role = "joining";
  #eligible = false;
  #store: Store | null = null;

  constructor(options: WorkerOptions, rabbit: Rabbit, session: ZooKeeperSession) {
    this.#options = options;
    this.#rabbit = rabbit;
    this.#session = session;
    const { name, container, paths, log, measures } = options;
    measures.standing = () => this.#standing();
    this.#membership = new Membership({
      session,
      paths,
      name,
      container,
      guid: this.#guid,
      sinceMs: Date.now(),
      time: systemTime,
      log,
      telling: () => ({
        ...this.#standing(),
        eligible: this.#eligible && this.#role !== "draining",
        readsServed: measures.reads,
        writesServed: measures.writes,
      }),
    });
  }

  #standing(): Standing {
    const { position, epoch } = this.#store?.applied ?? { position: 0, epoch: 0 };
    return { state: stateOf(this.#role), position, epoch };
  }

  async run(signal: AbortSignal): Promise<"drained" | "ended"> {
    const { name, directory, paths, log, spec, measures, tracing } = this.#options;
    await this.#membership.join();
    const { store, reader } = await attach({
      directory,
      rabbit: this.#rabbit,
      name,
      log,
      peers: () => this.#otherCopies(),
      onOpen: (opened) => {
        this.#store = opened;
      },
      onSnapshot: () => {
        measures.snapshotsTaken += 1;
      },
      gap: this.#options.trouble.gap,
      signal,
    });
    this.#options.trouble.gap = undefined;
    this.#store = store;
    const known = () => {
      if (spec.current === null) throw new Error("no manifest known");
      return spec.current;
    };
    const ledger = measuredLedger(
      ledgerOf(store, () => ({ writeMs: known().requests.queryMs })),
      measures,
    );
    const traced = tracing && new Traced(tracing, name);
    await donateSnapshots(this.#rabbit, this.#guid, () => this.#store);
    this.#eligible = true;
    await this.#membership.told();
    const scrubbing = new AbortController();
    const damaged = new AbortController();
    scrub(store, systemTime, log, AbortSignal.any([signal, scrubbing.signal])).catch((error) =>
      damaged.abort(error),
    );
    try {
      const outcome = await runRoles(
        {
          name,
          rabbit: traced?.broker(this.#rabbit) ?? this.#rabbit,
          session: this.#session,
          membership: this.#membership,
          suspects: new Suspects({
            session: this.#session,
            paths,
            guid: this.#guid,
            peers: () => this.#membership.peers(),
            now: systemTime.now,
            log,
          }),
          paths,
          ledger: traced?.ledger(ledger) ?? ledger,
          reader,
          judge,
          time: systemTime,
          answerReads: measuredReads(
            (batch, emit) =>
              answerReads(
                store,
                batch,
                {
                  queryMs: known().requests.queryMs,
                  answerWithinMs: known().requests.timeoutMs,
                  freshWithinMs,
                },
                emit,
              ),
            measures,
          ),
          spec: known,
          log,
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
        AbortSignal.any([signal, damaged.signal]),
      );
      damaged.signal.throwIfAborted();
      return outcome;
    } catch (cause) {
      const error = damaged.signal.aborted ? damaged.signal.reason : cause;
      // The file is kept until another worker's copy is here: nobody else may have what is in it.
      if (error instanceof GapError) this.#options.trouble.gap = error;
      if (isDivergence(error)) await this.#quarantine(store, error);
      throw error;
    } finally {
      scrubbing.abort("life over");
    }
  }

  async leave(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    await store?.close();
  }

  /** The copy cannot be trusted: the next life starts from nothing. */
  async #quarantine(store: Store, error: unknown): Promise<void> {
    this.#options.log.error({ reason: messageOf(error) }, "own copy cannot go on, put aside");
    this.#store = null;
    await store.close();
    await Store.discard(store.directory);
  }

  async #otherCopies() {
    const peers = await this.#membership.peers();
    return peers
      .filter((peer) => peer.name !== this.#options.name)
      .map(({ name, node: { guid, eligible, position } }) => ({ name, guid, eligible, position }));
  }
}

const isDivergence = (error: unknown): boolean =>
  error instanceof DamagedFileError || error instanceof DivergedError;
