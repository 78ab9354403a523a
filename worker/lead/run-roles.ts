// What a worker is from one moment to the next: joining -> slave -> master, or -> draining. Each role is a scope: entered
// here, left here with everything in it undone. Election happens among the workers, in ZooKeeper; no controller is needed.
import { messageOf, TransientError } from "../../core/errors.ts";
import { holdsAll } from "../../core/log/place.ts";
import { mayLead } from "../../core/rules/election.ts";
import { type DrainNode, fromJson } from "../../core/state/znodes.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import { follow } from "../copy/follow.ts";
import type { Elected } from "../ports.ts";
import { runSlave } from "../read/slave.ts";
import { lead } from "./lead.ts";
import { nextRole, type Role, type RoleEvent } from "./role.ts";
import type { RoleOptions } from "./role-options.ts";

/** A look at the znodes happens at every change of them, and this often in any case. */
const lookEveryMs = 1_000;
/** A session that is over gives its reads so long to be answered; the others are delivered to another slave. */
const lastAnswersWithinMs = 1_000;

/** Such a mark is none to drain by: the process ends itself (worker/lead/end-signal.ts). */
const asksForAnEnd = (data: string): boolean => fromJson<DrainNode>(data)?.signal !== undefined;

/** Reads that are served beside what else the roles do. */
interface Serving {
  /** The slave leaves its queue. */
  readonly leave: () => void;
  /** What was begun is answered. */
  readonly ended: Promise<void>;
}

/** Runs until this session is over. @returns "drained" when the worker was scaled in and has nothing left to do */
export async function runRoles(options: RoleOptions, signal: AbortSignal): Promise<"drained" | "ended"> {
  return new Roles(options, signal).run();
}

class Roles {
  readonly #options: RoleOptions;
  readonly #signal: AbortSignal;
  readonly #look: Wakeable;
  readonly #failed = new AbortController();
  #role: Role = "joining";
  #serving: Serving | undefined;

  constructor(options: RoleOptions, signal: AbortSignal) {
    this.#options = options;
    this.#look = new Wakeable(options.time);
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
        const elected = await this.#step();
        if (elected !== null) {
          this.#options.onElected();
          // The reads it holds are answered by the way: writes must not wait for a slow one.
          void this.#stopServing().catch((error) => this.#failed.abort(error));
          following.abort("left");
          await follower;
          await lead(this.#options, elected, this.#signal, () => this.#on("elected"));
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
      following.abort("left");
      this.#failed.abort(new Error("session over"));
      await follower;
      await this.#lastAnswers();
    }
  }

  /** One look at the world. @returns null unless this worker was just elected */
  async #step(): Promise<Elected | null> {
    const { membership, name, ledger } = this.#options;
    const seen = await this.#seen();
    if (seen === null) return null;
    const { peers, master, draining } = seen;
    // The controller took this worker for dead and removed its node: this worker must not go on as if it were a member.
    if (!peers.some((peer) => peer.name === name)) throw new TransientError("own znode is gone");
    if (draining) this.#on("drain");
    if (this.#role === "draining") return null;
    if (mayLead(name, peers, master !== null)) {
      const elected = await membership.takeMastership();
      if (elected !== null) return elected;
    }
    const target = peers.find((peer) => peer.name === master?.name)?.node;
    this.#options.confirming?.masterIsOn(target?.host);
    if (this.#role === "joining" && target !== undefined && holdsAll(ledger.applied, target)) this.#serve();
    return null;
  }

  /** @returns null while ZooKeeper does not answer: a worker goes on as what it is until its session is over */
  async #seen() {
    const { membership, session, paths, name, log } = this.#options;
    try {
      const [peers, master, drain] = await Promise.all([
        membership.peers(),
        membership.master(),
        session.get(paths.drain(name)),
      ]);
      return { peers, master, draining: drain !== null && !asksForAnEnd(drain.data) };
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      log.debug({ reason: messageOf(error) }, "could not look at the znodes");
      return null;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { confirming } = this.#options;
    const onApplied = () => {
      if (this.#role === "joining") this.#look.wake();
      confirming?.wake();
      return false;
    };
    const fail = (error: unknown) => this.#failed.abort(error);
    await Promise.all([
      follow(this.#options, signal, onApplied).catch(fail),
      confirming?.run(signal).catch(fail),
    ]);
  }

  #serve(): void {
    if (this.#serving !== undefined) return;
    const { ledger, name, log, answerReads, onReads } = this.#options;
    const left = new AbortController();
    const ended = runSlave(
      {
        ...this.#options,
        worker: name,
        answer: answerReads,
        position: () => ledger.applied.position,
        onAtWork: () => {
          this.#on("caughtUp");
          log.info({ position: ledger.applied.position }, "caught up, serving reads");
        },
        onServed: onReads,
      },
      left.signal,
    );
    ended.catch((error) => this.#failed.abort(error));
    this.#serving = { leave: () => left.abort("left"), ended };
  }

  async #stopServing(): Promise<void> {
    const serving = this.#serving;
    this.#serving = undefined;
    serving?.leave();
    await serving?.ended;
  }

  async #lastAnswers(): Promise<void> {
    if (this.#serving === undefined) return;
    const answered = new AbortController();
    const finished = this.#stopServing().then(
      () => answered.abort("answered"),
      () => answered.abort("failed"),
    );
    await Promise.race([finished, this.#options.time.sleep(lastAnswersWithinMs, answered.signal)]);
  }

  #on(event: RoleEvent): void {
    const next = nextRole(this.#role, event);
    if (next === this.#role) return;
    this.#role = next;
    this.#options.onRole(next);
  }
}
