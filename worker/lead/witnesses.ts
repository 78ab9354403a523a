// What a master's copy shares with copies on other hosts. They say what is on their disks, and an answer waits until one that is
// listed in the znode `log` has what it tells of. With none listed, as where there is but one host, it waits for nothing.
import { comparePlaces, fullest, holdsAll, nowhere, samePlace } from "../../core/log/place.ts";
import { type Confirmation, witnessQueueOf } from "../../core/messages/queues.ts";
import type { NamedCopy } from "../../core/rules/copy-ids.ts";
import {
  candidates,
  type Gathered,
  type Heard,
  namedInOrder,
  nextWitnesses,
  witnessedBy,
} from "../../core/rules/witnesses.ts";
import { fromJson, type Place } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable, within } from "../../platform/process/waiting.ts";
import type { BrokerConnection, Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";

/**
 * A broker that was asked while it noticed that another one is lost may never answer: this worker's session ends then, and another worker
 * is elected, before clients wait for longer than for the loss itself.
 */
const listenWithinMs = 3_000;
/** A slave that applies the new master's marker says so within milliseconds. */
const firstWithinMs = 300;
/** So long a write waits for a witness. Then the master goes on alone, and takes none for a while. */
const patienceMs = 3_500;
/**
 * So long it waits where every witness has been silent for the whole of that already, as when their host was lost and the log then had no
 * leader for seconds: twice the time in which one that is there speaks.
 */
const wordWithinMs = 1_000;
const aloneForMs = 10_000;
/** What was answered longer ago than this, one that is close has on its disk. */
const closeWithinMs = 500;
const waitingBytesMax = 16 * 1024 * 1024;

export interface WitnessesOptions {
  /** Undefined where there is but one host. */
  readonly host: string | undefined;
  /** What the master's own copy holds. */
  readonly own: () => Place;
  readonly time: Pick<Clock, "monotonicMs" | "sleep" | "after">;
  readonly log: Log;
}

type Copies = readonly NamedCopy[];

/** An answer that waits. */
interface Waiting {
  readonly place: Place;
  readonly bytes: number;
  readonly sinceMs: number;
  readonly answer: () => void;
}

/** What is to stand in the znode `log`. */
export interface Noted {
  readonly place: Place;
  readonly witnesses: Copies;
}

export class Witnesses {
  readonly #options: WitnessesOptions;
  readonly #heard = new Map<string, Heard>();
  readonly #change: Wakeable;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #listed: Copies = [];
  /** What may stand in the znode: with what was last written, what was tried since and has perhaps arrived. */
  #possible: readonly Copies[] = [[]];
  /** Not listed yet, and answers wait for them already: under a load that does not pause none would ever have all that is answered. */
  #approached: Copies | undefined;
  #answered: Place = nowhere;
  /** What was answered, the older one `closeWithinMs` ago at least. */
  #marks: readonly [older: Place, newer: Place] = [nowhere, nowhere];
  #markedAtMs = 0;
  #aloneUntilMs = 0;
  #isClosed = false;

  private constructor(options: WitnessesOptions) {
    this.#options = options;
    this.#change = new Wakeable(options.time);
  }

  /**
   * Has the slaves of other hosts say what they hold. They find the queue by the epoch, once they have applied its marker.
   * @throws TransientError when the broker does not make it in time
   */
  static async gather(
    broker: Pick<BrokerConnection, "declareTemporary" | "consume">,
    epoch: number,
    options: WitnessesOptions,
  ): Promise<Witnesses> {
    const witnesses = new Witnesses(options);
    if (options.host === undefined) return witnesses;
    const listen = async () => {
      const queue = await broker.declareTemporary(witnessQueueOf(epoch));
      await broker.consume(queue, { prefetch: 1, noAck: true }, (delivery) => witnesses.#hear(delivery));
    };
    await within(listen(), listenWithinMs, "listen to the witnesses", options.time);
    return witnesses;
  }

  /** The master's copy holds all that was answered before. Resolves once another one does as well, or none says so for a moment. */
  async first(signal: AbortSignal): Promise<void> {
    const { host, own, time } = this.#options;
    this.#answered = own();
    this.#marks = [this.#answered, this.#answered];
    if (host === undefined) return;
    const untilMs = time.monotonicMs() + firstWithinMs;
    for (let leftMs = firstWithinMs; leftMs > 0 && !this.isOutdated && !signal.aborted; ) {
      await this.#change.wait(leftMs, signal);
      leftMs = untilMs - time.monotonicMs();
    }
  }

  /** Too much waits: nothing further should be answered for now. */
  get isFull(): boolean {
    return this.#waitingBytes > waitingBytesMax;
  }

  /** Answers at once, or as soon as a witness has all up to `place`. In the order of the calls. */
  whenWitnessed(place: Place, bytes: number, answer: () => void): void {
    if (this.#isClosed) throw new Error("an answer of a master that has ended");
    if (this.#isAlone) {
      this.#answered = place;
      answer();
      return;
    }
    this.#waiting.push({ place, bytes, sinceMs: this.#options.time.monotonicMs(), answer });
    this.#waitingBytes += bytes;
    this.#answer();
  }

  /** Its master has ended. Nothing that still waits is answered any more: the next master does that. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Returns after `ms`, or when other ones should be listed. */
  async changed(ms: number, signal: AbortSignal): Promise<void> {
    await this.#change.wait(ms, signal);
    // This program may have stood still: what has come in the meantime is read before it is judged who is silent.
    await this.#options.time.sleep(0, signal);
    this.#mark();
    this.#approach();
  }

  /** Whether others should be listed than those who are. */
  get isOutdated(): boolean {
    return !isSame(this.#wanted(), this.#listed);
  }

  /** Up to where may be answered. */
  get answerable(): Place {
    const heard = [...this.#heard.values()];
    const own = this.#options.own();
    return [...this.#possible, this.#approached ?? []]
      .map((copies) => witnessedBy(copies, heard, own))
      .reduce((least, place) => (comparePlaces(place, least) < 0 ? place : least), own);
  }

  /**
   * Who is to be listed, and how far what was answered may be. Until `isNoted` is called an answer needs those who were listed
   * as well as those who are to be.
   */
  toNote(): Noted {
    const witnesses = this.#wanted();
    this.#possible = [...this.#possible.filter((copies) => !isSame(copies, witnesses)), witnesses];
    return { place: fullest([this.#answered, this.answerable]), witnesses };
  }

  isNoted({ witnesses }: Noted): void {
    const { log } = this.#options;
    if (!isSame(witnesses, this.#listed))
      if (witnesses.length > 0)
        log.info({ witnesses: namesOf(witnesses) }, "writes are answered when a witness has them as well");
      else
        log.warn(
          { witnesses: namesOf(this.#listed) },
          "no witness keeps up, writes are answered without one",
        );
    this.#listed = witnesses;
    this.#possible = [witnesses];
    this.#approached = undefined;
    this.#answer();
  }

  /** Nobody is listed, for certain, nor about to be. */
  get #isAlone(): boolean {
    return this.#approached === undefined && this.#possible.every((copies) => copies.length === 0);
  }

  #hear({ content }: Delivery): void {
    const said = fromJson<Confirmation>(content.toString());
    if (said === null || said.host === this.#options.host) return;
    const { worker: name, copyId, host, epoch, position } = said;
    const atMs = this.#options.time.monotonicMs();
    this.#heard.set(name, { name, copyId, host, place: { epoch, position }, atMs });
    this.#answer();
    this.#approach();
    if (this.isOutdated) this.#change.wake();
  }

  #mark(): void {
    const nowMs = this.#options.time.monotonicMs();
    if (nowMs - this.#markedAtMs < closeWithinMs) return;
    this.#marks = [this.#marks[1], this.#answered];
    this.#markedAtMs = nowMs;
  }

  /**
   * Alone, it has answers wait for those who may be listed, until one of them holds all that is answered, or for as long as it may
   * last. Not for a slave that still has a long way through the log.
   */
  #approach(): void {
    if (this.#rests) return;
    if (this.#isImpatient) {
      this.#aloneUntilMs = this.#options.time.monotonicMs() + aloneForMs;
      this.#approached = undefined;
      this.#answer();
      this.#change.wake();
    } else if (this.#isAlone && !samePlace(this.#answered, nowhere)) {
      const found = candidates(this.#gathered);
      if (found.some(({ place }) => holdsAll(place, this.#marks[0]))) this.#approached = namedInOrder(found);
    }
  }

  get #isImpatient(): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    const waitedMs = this.#options.time.monotonicMs() - first.sinceMs;
    return waitedMs >= patienceMs || (waitedMs >= wordWithinMs && this.#areSilent);
  }

  /** Those for whom answers wait. */
  get #areSilent(): boolean {
    const heardAfterMs = this.#options.time.monotonicMs() - patienceMs;
    const names = new Set(namesOf([...this.#possible, this.#approached ?? []].flat()));
    return ![...this.#heard.values()].some(({ name, atMs }) => names.has(name) && atMs > heardAfterMs);
  }

  get #rests(): boolean {
    return this.#options.time.monotonicMs() < this.#aloneUntilMs;
  }

  #wanted(): Copies {
    return this.#rests ? [] : nextWitnesses(this.#gathered);
  }

  get #gathered(): Gathered {
    return {
      listed: this.#listed,
      heard: [...this.#heard.values()],
      answered: this.#answered,
      answeredBefore: this.#marks[0],
      nowMs: this.#options.time.monotonicMs(),
    };
  }

  #answer(): void {
    const limit = this.answerable;
    const count = this.#waiting.findIndex(({ place }) => !holdsAll(limit, place));
    const ready = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    for (const { place, bytes, answer } of ready) {
      this.#answered = fullest([this.#answered, place]);
      this.#waitingBytes -= bytes;
      answer();
    }
  }
}

const isSame = (a: Copies, b: Copies): boolean =>
  a.length === b.length && a.every(({ name, copyId }, i) => name === b[i]?.name && copyId === b[i]?.copyId);

const namesOf = (copies: Copies): readonly string[] => copies.map(({ name }) => name);
