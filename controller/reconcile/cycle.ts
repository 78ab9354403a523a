// One cycle with all around it: its id, what it leaves for the next, and what is told of it: the status znode, the
// events, and one log line when something changed. A cycle never throws: an error decides when the next one comes.
import { messageOf } from "../../core/errors.ts";
import type { ClusterStatus } from "../../core/state/status.ts";
import { type BackOff, backOffMs } from "../../platform/process/back-off.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { ManifestState } from "../../platform/process/manifest-file.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { CycleDone } from "../measures.ts";
import { report, type Telling, withEvents } from "../status/report.ts";
import { countersIn, newsIn, statusOf } from "../status/status.ts";
import type { ActionResult } from "./act.ts";
import { describe } from "./action.ts";
import { emptyMemory, type Memory } from "./memory.ts";
import { type Round, reconcile, type World } from "./reconcile.ts";

const pace = { resyncMs: 1_000, countersMs: 1_000 } as const;
const cycleIdLength = 4;
/** Two further cycles fit into the minute that `./dbaas wait` has by itself. */
const afterFailures: BackOff = { firstMs: 200, maxMs: 10_000 };

export interface CycleOptions {
  readonly cluster: string;
  readonly world: World;
  readonly clock: Clock;
  /** Hexadecimal, or begins so; its beginning names a cycle in the log. */
  readonly newId: () => string;
  readonly manifest: () => ManifestState;
  readonly log: Log;
  readonly onDone?: (done: CycleDone) => void;
}

interface Attempt {
  readonly round: Round | null;
  readonly error: string | null;
}

export class Cycle {
  readonly #options: CycleOptions;
  #memory: Memory = emptyMemory;
  #status: ClusterStatus | null = null;
  #written = { news: "", counters: "", atMs: Number.NEGATIVE_INFINITY };
  #failedInARow = 0;
  #errorTold: string | null = null;

  constructor(options: CycleOptions) {
    this.#options = options;
  }

  /** @returns ms until the next one is due if nothing wakes the loop before */
  async run(): Promise<number> {
    const id = this.#options.newId().slice(0, cycleIdLength);
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const before = this.#memory;
    const attempt = await this.#attempt();
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    const failed = await this.#report(id, tookMs, before, attempt);
    this.#failedInARow = failed ? this.#failedInARow + 1 : 0;
    return failed ? backOffMs(afterFailures, this.#failedInARow) : this.#nextInMs(attempt.round);
  }

  async #attempt(): Promise<Attempt> {
    try {
      this.#status ??= await this.#options.world.registry.readStatus();
      const round = await reconcile(this.#options.world, this.#memory);
      this.#memory = round.memory;
      return { round, error: null };
    } catch (error) {
      return { round: null, error: messageOf(error) };
    }
  }

  /** @returns whether anything failed */
  async #report(id: string, tookMs: number, before: Memory, { round, error }: Attempt): Promise<boolean> {
    const { cluster, clock, manifest } = this.#options;
    const atMs = clock.wallMs();
    const acted = round?.acted ?? [];
    const errors = error === null ? failuresOf(acted) : [error];
    const status = statusOf(
      {
        cluster,
        observed: round?.observed ?? null,
        intent: round?.intent ?? null,
        before,
        memory: this.#memory,
        manifestProblem: manifest().problem,
        manifestWaiting: manifest().waiting,
        errors,
        cycle: { id, atMs, tookMs },
      },
      this.#status,
    );
    const desired = round?.intent?.desired ?? null;
    const telling = report({
      reconcile: id,
      atMs,
      desired,
      acted,
      before: this.#status,
      after: status,
    });
    this.#log(id, tookMs, status, telling, error);
    for (const one of acted) this.#logLastWords(one);
    const result = error !== null ? "notObserved" : errors.length > 0 ? "actionFailed" : "ok";
    this.#options.onDone?.({ tookMs, result, acted, before: this.#status, after: status });
    this.#status = status;
    const kept = await this.#keep(status, telling);
    return errors.length > 0 || !kept;
  }

  #log(id: string, tookMs: number, status: ClusterStatus, telling: Telling, error: string | null): void {
    const cycle = { id, tookMs, desiredSlaves: status.desiredSlaves, events: telling.events };
    const { log } = this.#options;
    if (error !== null) {
      // Told once, and again when it is another: a broken world must not fill the log.
      if (error !== this.#errorTold) log.error({ cycle }, `reconcile ${id}: acting on nothing: ${error}`);
      this.#errorTold = error;
      return;
    }
    if (this.#errorTold !== null) log.info({ cycle }, `reconcile ${id}: can see everything again`);
    this.#errorTold = null;
    if (telling.sentences.length === 0) return;
    const line = `reconcile ${id}: ${telling.sentences.join("; ")}`;
    if (telling.errors.length > 0) log.warn({ cycle }, line);
    else log.info({ cycle }, line);
  }

  #logLastWords({ action, lastWords }: ActionResult): void {
    if (action.kind !== "removeContainer" || lastWords === "") return;
    // By itself in order, or from outside: then its last words say nothing about why.
    if (action.ending === "clean" || action.ending === "killed") return;
    this.#options.log.warn(
      { cycle: { lastWords } },
      `${action.worker} wrote last: ${lastWords.replaceAll("\n", " | ")}`,
    );
  }

  /** News at once, counters once a second, and that the cycle is over each time. @returns whether status and events could be kept */
  async #keep(status: ClusterStatus, telling: Telling): Promise<boolean> {
    const { clock, world } = this.#options;
    const { registry } = world;
    const [news, counters, nowMs] = [newsIn(status), countersIn(status), clock.monotonicMs()];
    const countersDue = nowMs - this.#written.atMs >= pace.countersMs && counters !== this.#written.counters;
    try {
      if (news !== this.#written.news || countersDue) {
        await registry.writeStatus(status);
        this.#written = { news, counters, atMs: nowMs };
      }
      if (telling.events.length > 0)
        await registry.writeEvents(withEvents(await registry.readEvents(), telling.events));
    } catch (error) {
      this.#options.log.warn(`could not write the status: ${messageOf(error)}`);
      return false;
    }
    await this.#keepThatItIsOver(status.lastCycle);
    return true;
  }

  /** Without it nothing is lost: the next cycle says the same of itself, and comes as soon as ever. */
  async #keepThatItIsOver(cycle: ClusterStatus["lastCycle"]): Promise<void> {
    try {
      await this.#options.world.registry.writeCycle(cycle);
    } catch (error) {
      this.#options.log.warn(`could not write that the cycle is over: ${messageOf(error)}`);
    }
  }

  /** Exactly at the end of the window, so that a late look does not stretch it. */
  #nextInMs(round: Round | null): number {
    const window = round?.intent?.window;
    if (round?.intent == null || window == null) return pace.resyncMs;
    const endsAtMs = window.startedAtMs + round.intent.spec.scaling.windowMs;
    return Math.max(0, Math.min(pace.resyncMs, endsAtMs - this.#options.world.moment().nowMs));
  }
}

const failuresOf = (acted: readonly ActionResult[]): readonly string[] =>
  acted.flatMap(({ action, error }) =>
    error === null ? [] : [`${describe(action) ?? action.kind} failed: ${messageOf(error)}`],
  );
