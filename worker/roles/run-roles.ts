// What a worker is from one moment to the next: joining -> slave -> master, or -> draining. Each role is a scope: entered
// here, left here with everything in it undone. Election happens among the workers, in ZooKeeper; no controller is needed.
import { messageOf, TransientError } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import type { ManifestSpec } from "../../protocol/manifest.ts";
import { queues } from "../../protocol/queues.ts";
import type { Rabbit } from "../../protocol/rabbit.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { Wakeable } from "../../protocol/waiting.ts";
import type { Paths } from "../../protocol/znodes.ts";
import type { ZooKeeperSession } from "../../protocol/zookeeper.ts";
import { mayLead } from "../election.ts";
import type { Membership } from "../membership.ts";
import { follow } from "../replica/follow.ts";
import type { LogReader } from "../replica/log-reader.ts";
import type { Store } from "../replica/store.ts";
import { Chores } from "./chores.ts";
import { FencedError, runMaster } from "./master.ts";
import { nextRole, type Role, type RoleEvent } from "./role.ts";
import { type ServingReads, serveReads } from "./slave.ts";

export interface RoleOptions {
  readonly name: string;
  readonly rabbit: Rabbit;
  readonly session: ZooKeeperSession;
  readonly membership: Membership;
  readonly paths: Paths;
  readonly store: Store;
  readonly reader: LogReader;
  readonly spec: () => ManifestSpec;
  readonly log: Log;
  readonly onRole: (role: Role) => void;
  readonly onReads: (reads: number) => void;
  readonly onWrites: (writes: number) => void;
}

/** A look at the znodes happens at every change of them, and this often in any case. */
const lookEveryMs = 1_000;
const freshWithinMs = 2_000;
const markerWithinMs = 15_000;

/** Runs until this life is over. @returns "drained" when the worker was scaled in and has nothing left to do */
export async function runRoles(options: RoleOptions, signal: AbortSignal): Promise<"drained" | "ended"> {
  return new Roles(options, signal).run();
}

class Roles {
  readonly #options: RoleOptions;
  readonly #signal: AbortSignal;
  readonly #look = new Wakeable();
  readonly #failed = new AbortController();
  #role: Role = "joining";
  #serving: ServingReads | undefined;

  constructor(options: RoleOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = AbortSignal.any([signal, this.#failed.signal]);
  }

  async run(): Promise<"drained" | "ended"> {
    const { session, paths, name, log } = this.#options;
    for (const [kind, path] of [
      ["children", paths.workers],
      ["node", paths.master],
      ["node", paths.drain(name)],
      ["node", paths.pid(name)],
    ] as const)
      session.watch(kind, path, () => this.#look.wake(), this.#signal);
    const following = new AbortController();
    const follower = this.#follow(AbortSignal.any([this.#signal, following.signal]));
    try {
      while (!this.#signal.aborted) {
        const epoch = await this.#step();
        if (epoch !== null) {
          await this.#stopServing();
          following.abort();
          await follower;
          await this.#lead(epoch);
        }
        if (this.#role === "draining") {
          await this.#stopServing();
          log.info("drained: every read that was begun is answered");
          return "drained";
        }
        await this.#look.wait(lookEveryMs, this.#signal);
      }
      if (this.#failed.signal.aborted) throw this.#failed.signal.reason;
      return "ended";
    } finally {
      following.abort();
      this.#failed.abort(new Error("life over"));
      await follower;
      if (this.#role !== "stopped") await this.#stopServing().catch(() => undefined);
    }
  }

  /** One look at the world. @returns the epoch when this worker was just elected */
  async #step(): Promise<number | null> {
    const { membership, session, paths, name, store } = this.#options;
    const [peers, master, draining] = await Promise.all([
      membership.peers(),
      membership.master(),
      session.stat(paths.drain(name)),
    ]);
    if (draining !== null) this.#on("drain");
    if (this.#role === "draining") return null;
    if (mayLead(name, peers, master !== null)) {
      const epoch = await membership.takeMastership();
      if (epoch !== null) return epoch;
    }
    const target = peers.find((peer) => peer.name === master?.name)?.node.position;
    if (this.#role === "joining" && target !== undefined && store.applied.position >= target)
      await this.#serve();
    return null;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, reader } = this.#options;
    const caughtUpSoon = () => {
      if (this.#role === "joining") this.#look.wake();
      return false;
    };
    await follow(store, reader, signal, caughtUpSoon).catch((error) => this.#failed.abort(error));
  }

  async #serve(): Promise<void> {
    const { rabbit, store, name, log, spec, onReads } = this.#options;
    this.#serving = await serveReads({
      rabbit,
      store,
      worker: name,
      log,
      limits: () => ({ queryMs: spec().requests.queryMs, freshWithinMs }),
      onServed: onReads,
      onFailure: (error) => this.#failed.abort(error),
    });
    this.#on("caughtUp");
    log.info({ position: store.applied.position }, "caught up, serving reads");
  }

  async #stopServing(): Promise<void> {
    await this.#serving?.finish();
    this.#serving = undefined;
  }

  async #lead(epoch: number): Promise<void> {
    const { rabbit, store, reader, name, log, spec, session, onWrites } = this.#options;
    const scope = AbortSignal.any([this.#signal, session.silent]);
    const startedAtMs = Date.now();
    log.info({ epoch, position: store.applied.position }, "elected, draining the log");
    await this.#drainLog(epoch, scope);
    await store.syncEveryCommit(true);
    this.#on("elected");
    log.info(
      { epoch, position: store.applied.position, tookMs: Date.now() - startedAtMs },
      "master, taking writes",
    );
    try {
      const chores = new Chores(store, spec, log, Date.now());
      await runMaster(
        {
          rabbit,
          store,
          reader,
          epoch,
          worker: name,
          log,
          chores: (nowMs) => chores.due(nowMs),
          onServed: onWrites,
        },
        scope,
      );
    } finally {
      await store.syncEveryCommit(false).catch(() => undefined);
    }
    // A master does not become a slave again in one life: the next one joins afresh, with nothing half done.
    throw new TransientError(`no longer master: ${messageOf(scope.reason)}`);
  }

  /** Everything acknowledged stands before our marker: once we have read it, we hold it all. */
  async #drainLog(epoch: number, scope: AbortSignal): Promise<void> {
    const { rabbit, store, reader, name, membership } = this.#options;
    if (store.applied.epoch >= epoch) {
      await membership.raiseEpochs(store.applied.epoch);
      throw new FencedError(
        `epoch ${epoch} is not newer than the log's ${store.applied.epoch}: was ZooKeeper emptied?`,
      );
    }
    const marker = encodeRecord({ kind: "marker", epoch, master: name, atMs: Date.now() });
    await rabbit.publish(queues.sync, marker, { persistent: true });
    const deadline = AbortSignal.any([scope, AbortSignal.timeout(markerWithinMs)]);
    await follow(store, reader, deadline, () => store.applied.epoch >= epoch);
    if (store.applied.epoch > epoch)
      throw new FencedError(`epoch ${store.applied.epoch} has begun before ${epoch}`);
    if (store.applied.epoch < epoch)
      throw new TransientError(`own marker did not come back: ${messageOf(deadline.reason)}`);
  }

  #on(event: RoleEvent): void {
    const next = nextRole(this.#role, event);
    if (next === this.#role) return;
    this.#role = next;
    this.#options.onRole(next);
  }
}
