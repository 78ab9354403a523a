// Where this worker's copy stands among all that is known: whether it may lead, and what it waits for otherwise. Looks at
// ZooKeeper, lets the pure rules decide (core/rules/trust.ts), and writes what they say.
import { messageOf, TransientError } from "../../core/errors.ts";
import { placeInWords } from "../../core/log/place.ts";
import { sameMemory } from "../../core/rules/broker-memory.ts";
import { type Joint, standingOf, type Verdict } from "../../core/rules/trust.ts";
import type { Paths, Place } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { KnownLog } from "./log-node.ts";
import type { Membership } from "./membership.ts";
import type { SeenMemory } from "./seen-memory.ts";

/** What a worker process remembers over its sessions. */
export interface Remembered {
  /** The broker's memory id, as it was noted, under which the log was last known to be whole. */
  vouchedUnder: string | null;
}

export interface StandingOptions {
  readonly membership: Pick<Membership, "peers" | "master" | "knownCopies" | "vouch">;
  readonly session: Pick<ZnodeSession, "watch">;
  readonly paths: Paths;
  readonly name: string;
  readonly memory: Pick<SeenMemory, "now" | "reaching">;
  readonly remembered: Remembered;
  readonly time: Clock;
  readonly log: Log;
  /** Whether it is eligible, or why not, has changed. */
  readonly onChange: () => void;
}

export interface OwnStanding {
  readonly copyId: string;
  readonly place: Place;
  /** Where that is in the log; -1 when it holds nothing. */
  readonly offset: number;
  readonly joint: Joint;
  /** Resolves once the copy holds as much on its disk. */
  readonly sync: () => Promise<void>;
}

/** Looks again at every change of the list of workers, and this often. */
const lookEveryMs = { eligible: 1_000, waiting: 250 } as const;
const writesInARow = 3;
/** A copy that another one has overtaken gets so many looks to see that it is not. */
const overtakenLooks = 3;

export class Standing {
  readonly #options: StandingOptions;
  readonly #wakeable: Wakeable;
  #eligible = false;
  #waiting: string | undefined;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#wakeable = new Wakeable(options.time);
  }

  get eligible(): boolean {
    return this.#eligible;
  }

  /** In one sentence; undefined while it waits for nothing. */
  get waiting(): string | undefined {
    return this.#waiting;
  }

  /** Decides, and writes down what the decision asks for. */
  async look(own: OwnStanding): Promise<Verdict> {
    for (let writes = 0; ; writes++) {
      const verdict = await this.#look(own);
      if (verdict.kind !== "vouch") return this.#is(verdict);
      if (writes === writesInARow)
        return this.#is({ kind: "wait", why: "waits for ZooKeeper to keep a note" });
    }
  }

  async #look(own: OwnStanding): Promise<Verdict> {
    const { membership, name, remembered } = this.#options;
    const memory = this.#options.memory.now;
    const [known, peers, master] = await Promise.all([
      membership.knownCopies(),
      membership.peers(),
      membership.master(),
    ]);
    const noted = known.log.node?.broker;
    // As it was noted: an id that has changed since proves nothing until it is noted as well.
    if (noted !== undefined && sameMemory(noted, memory)) remembered.vouchedUnder = noted;
    const verdict = standingOf(
      {
        name,
        copyId: own.copyId,
        place: own.place,
        joint: own.joint,
        vouchedUnder: remembered.vouchedUnder,
      },
      {
        memory,
        log: known.log.node,
        copies: known.copies,
        listed: known.listed,
        peers: peers
          .filter((peer) => peer.name !== name)
          .map((peer) => ({
            name: peer.name,
            copyId: peer.node.copyId,
            place: peer.node,
            eligible: peer.eligible,
          })),
        hasMaster: master !== null,
      },
    );
    return verdict.kind === "vouch" ? this.#vouch(own, known.log, verdict, memory) : verdict;
  }

  /** @param memory the broker's memory id on which this was decided */
  async #vouch(
    own: OwnStanding,
    known: KnownLog,
    verdict: Extract<Verdict, { kind: "vouch" }>,
    memory: string,
  ): Promise<Verdict> {
    const { membership, log } = this.#options;
    const broker = await this.#vouchedFor(verdict.log.broker, memory, own);
    if (broker === null)
      return {
        kind: "wait",
        why: "waits until a majority of the brokers has the log as far as this copy, which shows that it is whole",
      };
    // What the copies are said to hold must outlast a power cut: the others would wait for it.
    await own.sync();
    if (await membership.vouch(known, { ...verdict.log, broker })) {
      const message = sameMemory(broker, memory)
        ? "own copy shows that the log is whole"
        : "own copy is the fullest of all that is known";
      log.info({ place: placeInWords(own.place) }, message);
    }
    return verdict;
  }

  /**
   * What a copy shows to be in the log may be at one of the brokers alone, until others have copied it.
   * @returns the ids that may be noted; null when they are too few
   */
  async #vouchedFor(broker: string, memory: string, own: OwnStanding): Promise<string | null> {
    if (broker !== memory) return broker;
    const reaching = await this.#options.memory.reaching(own.offset);
    return sameMemory(reaching, memory) ? reaching : null;
  }

  #is(verdict: Verdict): Verdict {
    const eligible = verdict.kind === "lead" || verdict.kind === "adopt";
    const waiting = verdict.kind === "wait" ? verdict.why : undefined;
    if (eligible === this.#eligible && waiting === this.#waiting) return verdict;
    if (waiting !== undefined && waiting !== this.#waiting)
      this.#options.log.info({ waiting }, "not eligible");
    this.#eligible = eligible;
    this.#waiting = waiting;
    this.#options.onChange();
    return verdict;
  }

  /** Sleeps until it is worth looking again. */
  async pause(signal: AbortSignal): Promise<void> {
    await this.#wakeable.wait(this.#eligible ? lookEveryMs.eligible : lookEveryMs.waiting, signal);
  }

  wakeOnChanges(signal: AbortSignal): void {
    const { session, paths } = this.#options;
    session.watch("children", paths.workers, () => this.#wakeable.wake(), signal);
  }

  /**
   * Keeps looking while the copy reads the log.
   * @throws TransientError when the copy must join the log anew: another one has gone on, or it takes a snapshot
   */
  async watch(own: () => OwnStanding, signal: AbortSignal): Promise<void> {
    let overtaken = 0;
    while (!signal.aborted) {
      await this.pause(signal);
      if (signal.aborted) return;
      try {
        const verdict = await this.look(own());
        overtaken = verdict.kind === "copy" ? overtaken + 1 : 0;
      } catch (error) {
        // ZooKeeper is away: this worker stays what it is until its session is over.
        this.#options.log.debug({ reason: messageOf(error) }, "could not look at the copies");
      }
      if (overtaken === overtakenLooks)
        throw new TransientError("another copy has gone on; this one joins the log anew");
    }
  }
}
