// The broker's memory id as this session has seen it, and what may be noted of it. With one broker it is one id, which stays the same
// for as long as the connection lives. With several, single ids change while the session goes on.
//
// A new id is noted once it is proven that nothing is missing by what its broker has forgotten. A master proves that of all ids that it has
// seen before its marker, by reading that back: a majority of the brokers as they are now has the marker, and all that stands before it.
// Of an id that comes later it asks the broker. The log's replicas are beginnings of one log, so it is enough that the log read at that
// broker reaches the end that the master knows, as that was when the id was seen already: each record that was confirmed before is in
// it, and each that is confirmed later is at a majority of the brokers as they are now.
import {
  idsIn,
  isMajority,
  isUnknown,
  listOfIds,
  lostMemory,
  toBeNoted,
  toBeProven,
  unknownId,
} from "../../core/rules/broker-memory.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";

export type SeenBroker = Pick<BrokerConnection, "memoryId" | "logReaches">;

/** What the master knows. */
export interface Leading {
  /** The memory id as it is noted. */
  readonly noted: () => string | undefined;
  /** The offset of the last record of all that were sent before it was asked, once these are read back. */
  readonly end: () => Promise<number>;
}

export class SeenMemory {
  readonly #broker: SeenBroker;
  #ids: readonly string[] = [];
  /** Before the marker, once this worker is about to lead. */
  #asked: readonly string[] = [];
  /** By the broker. */
  readonly #proven = new Map<number, string>();
  #leading: Leading | undefined;

  private constructor(broker: SeenBroker) {
    this.#broker = broker;
  }

  /** @throws TransientError when the broker does not tell it */
  static async of(broker: SeenBroker): Promise<SeenMemory> {
    const memory = new SeenMemory(broker);
    memory.#take(await broker.memoryId());
    return memory;
  }

  /** There are several brokers, one on each host. */
  get isOfSeveral(): boolean {
    return this.#ids.length > 1;
  }

  /** An id that is not known at the moment counts as what it was last. */
  get now(): string {
    return listOfIds(this.#ids);
  }

  /** Asks again. @returns whether the broker has forgotten what it confirmed: several, whether a majority of them has */
  async look(): Promise<boolean> {
    const before = this.now;
    const seen = await this.#broker.memoryId();
    this.#take(seen);
    return lostMemory(before, seen);
  }

  /**
   * Who is about to lead must not go by what was seen a while ago.
   * @returns what is known for certain at this moment
   */
  async asked(): Promise<string> {
    // One broker cannot have been restarted under a living connection.
    const seen = this.isOfSeveral ? await this.#broker.memoryId() : this.now;
    this.#take(seen);
    this.#asked = idsIn(seen);
    return seen;
  }

  /** This worker leads from now on, to the end of the session: it has asked, and has read back a marker that it sent after that. */
  leads(leading: Leading): void {
    this.#leading = leading;
    for (const [broker, id] of this.#asked.entries()) if (!isUnknown(id)) this.#proven.set(broker, id);
  }

  /** Asks the brokers whose ids are not noted yet whether they have what the others have. Only a master can say what that is. */
  async prove(): Promise<void> {
    const noted = this.#leading?.noted();
    if (this.#leading === undefined || noted === undefined) return;
    const seen = this.#ids;
    const asked = toBeProven(noted, this.now).filter((broker) => !this.#isProven(broker));
    if (asked.length === 0) return;
    // What is under way may have been confirmed by what a broker has forgotten since. So the end is asked for after the ids.
    const end = await this.#leading.end();
    for (const broker of await this.#reaching(end, asked, seen)) this.#proven.set(broker, seen[broker] ?? "");
  }

  /**
   * What may be noted by who does not lead.
   * @param offset of a record before which all stands that was acknowledged; -1 when nothing was
   * @returns the ids of the brokers that have it, a majority at least where there is one; the others are unknown
   */
  async reaching(offset: number): Promise<string> {
    if (!this.isOfSeveral || offset < 0) return this.now;
    const seen = this.#ids;
    // One that is away would be waited for, while nobody leads.
    const isEnough = (brokers: number) => isMajority(brokers, seen.length);
    const there = await this.#reaching(offset, [...seen.keys()], seen, isEnough);
    return listOfIds(seen.map((id, broker) => (there.includes(broker) ? id : unknownId)));
  }

  /**
   * Of the brokers that are asked, those that have the record, and had it under the ids with which they were seen before.
   * @param isEnough of them: the others are not waited for
   */
  async #reaching(
    offset: number,
    asked: readonly number[],
    seen: readonly string[],
    isEnough: (brokers: number) => boolean = () => false,
  ): Promise<readonly number[]> {
    const reached: number[] = [];
    await new Promise<void>((done, failed) => {
      const questions = asked.map(async (broker) => {
        if (await this.#broker.logReaches(broker, offset)) reached.push(broker);
        if (isEnough(reached.length)) done();
      });
      Promise.all(questions).then(() => done(), failed);
    });
    const there = [...reached];
    if (there.length === 0) return [];
    // One that was restarted meanwhile may have forgotten again what it had when it answered.
    const after = idsIn(await this.#broker.memoryId());
    return there.filter((broker) => after[broker] === seen[broker]);
  }

  /** @param noted null when nothing is noted yet */
  toNote(noted: string | null): string {
    return noted === null ? this.now : toBeNoted(noted, this.now, (broker) => this.#isProven(broker));
  }

  #isProven(broker: number): boolean {
    const id = this.#ids[broker];
    return id !== undefined && this.#proven.get(broker) === id;
  }

  #take(seen: string): void {
    this.#ids = idsIn(seen).map((id, broker) => (isUnknown(id) ? (this.#ids[broker] ?? id) : id));
  }
}
