// What a master's copy shares with copies on other hosts. They say what is on their disks, and an answer waits until one that is
// listed in the znode `log` has what it tells of. With none listed, as where there is but one host, it waits for nothing.
import { comparePlaces, fullest, holdsAll } from "../../core/log/place.ts";
import { type Confirmation, witnessQueueOf } from "../../core/messages/queues.ts";
import { type Heard, nextWitnesses, witnessedBy } from "../../core/rules/witnesses.ts";
import { fromJson, type Place } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { BrokerConnection, Delivery } from "../../platform/rabbitmq/port.ts";

/** A new master hears the first within milliseconds, or there is none for the moment. */
const firstWithinMs = 300;

export interface WitnessesOptions {
  /** Undefined where there is but one host. */
  readonly host: string | undefined;
  /** What the master's own copy holds. */
  readonly own: () => Place;
  readonly time: Pick<Clock, "monotonicMs" | "sleep">;
}

type Names = readonly string[];

/** An answer that waits. */
interface Waiting {
  readonly place: Place;
  readonly sinceMs: number;
  readonly answer: () => void;
}

/** What is to stand in the znode `log`. */
export interface Noted {
  readonly place: Place;
  readonly witnesses: Names;
}

export class Witnesses {
  readonly #options: WitnessesOptions;
  readonly #heard = new Map<string, Heard>();
  readonly #change: Wakeable;
  #waiting: Waiting[] = [];
  #listed: Names = [];
  /** What may stand in the znode: with what was last written, what was tried since and has perhaps arrived. */
  #possible: readonly Names[] = [[]];
  #answered: Place;

  private constructor(options: WitnessesOptions) {
    this.#options = options;
    this.#change = new Wakeable(options.time);
    this.#answered = options.own();
  }

  /** Has the slaves of other hosts say what they hold. They find the queue by the epoch. */
  static async gather(
    broker: Pick<BrokerConnection, "declareTemporary" | "consume">,
    epoch: number,
    options: WitnessesOptions,
  ): Promise<Witnesses> {
    const witnesses = new Witnesses(options);
    if (options.host === undefined) return witnesses;
    const queue = await broker.declareTemporary(witnessQueueOf(epoch));
    await broker.consume(queue, { prefetch: 1, noAck: true }, (delivery) => witnesses.#hear(delivery));
    return witnesses;
  }

  /** Resolves once one holds what the master does, or none says so for a moment. */
  async first(signal: AbortSignal): Promise<void> {
    if (this.#options.host === undefined) return;
    await this.#change.wait(firstWithinMs, signal);
  }

  /** Answers at once, or as soon as a witness has all up to `place`. In the order of the calls. */
  whenWitnessed(place: Place, answer: () => void): void {
    if (this.#isAlone) {
      this.#answered = place;
      answer();
      return;
    }
    this.#waiting.push({ place, sinceMs: this.#options.time.monotonicMs(), answer });
    this.#answer();
  }

  /** Returns after `ms`, or when other ones should be listed. */
  async changed(ms: number, signal: AbortSignal): Promise<void> {
    await this.#change.wait(ms, signal);
  }

  /** Whether others should be listed than those who are. */
  get isOutdated(): boolean {
    return !isSame(this.#wanted(), this.#listed);
  }

  /**
   * Who is to be listed, and how far what was answered may be. Until `isNoted` is called an answer needs those who were listed
   * as well as those who are to be.
   */
  toNote(): Noted {
    const witnesses = this.#wanted();
    this.#possible = [...this.#possible.filter((names) => !isSame(names, witnesses)), witnesses];
    return { place: fullest([this.#answered, this.answerable]), witnesses };
  }

  isNoted({ witnesses }: Noted): void {
    this.#listed = witnesses;
    this.#possible = [witnesses];
    this.#answer();
  }

  /** Nobody is listed, for certain. */
  get #isAlone(): boolean {
    return this.#possible.every((names) => names.length === 0);
  }

  #hear({ content }: Delivery): void {
    const said = fromJson<Confirmation>(content.toString());
    if (said === null || said.host === this.#options.host) return;
    const { worker, host, epoch, position } = said;
    const atMs = this.#options.time.monotonicMs();
    this.#heard.set(worker, { worker, host, place: { epoch, position }, atMs });
    this.#answer();
    if (this.isOutdated) this.#change.wake();
  }

  #wanted(): readonly string[] {
    const nowMs = this.#options.time.monotonicMs();
    const [first] = this.#waiting;
    return nextWitnesses({
      listed: this.#listed,
      heard: [...this.#heard.values()],
      answered: this.#answered,
      waitedMs: first === undefined ? 0 : nowMs - first.sinceMs,
      nowMs,
    });
  }

  /** Up to where may be answered. */
  get answerable(): Place {
    const heard = [...this.#heard.values()];
    const own = this.#options.own();
    return this.#possible
      .map((names) => witnessedBy(names, heard, own))
      .reduce((least, place) => (comparePlaces(place, least) < 0 ? place : least), own);
  }

  #answer(): void {
    const limit = this.answerable;
    const count = this.#waiting.findIndex(({ place }) => !holdsAll(limit, place));
    const ready = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    for (const { place, answer } of ready) {
      this.#answered = fullest([this.#answered, place]);
      answer();
    }
  }
}

const isSame = (a: Names, b: Names): boolean => a.join() === b.join();
