// The broker's memory id as this session has seen it, and what may be noted of it. With one broker it is one id, which stays the same
// for as long as the connection lives. With several, single ids change while the session goes on.
import { idsIn, isUnknown, listOfIds, lostMemory, toBeNoted } from "../../core/rules/broker-memory.ts";
import type { Clock } from "../../platform/process/clock.ts";

/** A broker that was restarted has by then what the others have. */
const settlesAfterMs = 30_000;

export class SeenMemory {
  readonly #ask: () => Promise<string>;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #ids: readonly { readonly id: string; readonly sinceMs: number }[] = [];

  private constructor(ask: () => Promise<string>, clock: Pick<Clock, "monotonicMs">) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** @throws TransientError when the broker does not tell it */
  static async of(ask: () => Promise<string>, clock: Pick<Clock, "monotonicMs">): Promise<SeenMemory> {
    const memory = new SeenMemory(ask, clock);
    memory.#take(await ask());
    return memory;
  }

  /** There are several brokers, one on each host. */
  get isOfSeveral(): boolean {
    return this.#ids.length > 1;
  }

  /** An id that is not known at the moment counts as what it was last. */
  get now(): string {
    return listOfIds(this.#ids.map(({ id }) => id));
  }

  /** Asks again. @returns whether the broker has forgotten what it confirmed: several, whether a majority of them has */
  async look(): Promise<boolean> {
    const before = this.now;
    const seen = await this.#ask();
    this.#take(seen);
    return lostMemory(before, seen);
  }

  /**
   * Who is about to lead must not go by what was seen a while ago.
   * @returns what is known for certain at this moment
   */
  async asked(): Promise<string> {
    // One broker cannot have been restarted under a living connection.
    if (this.#ids.length === 1) return this.now;
    const seen = await this.#ask();
    this.#take(seen);
    return seen;
  }

  /** @param noted null when nothing is noted yet */
  toNote(noted: string | null): string {
    const nowMs = this.#clock.monotonicMs();
    const isSettled = (broker: number) => nowMs - (this.#ids[broker]?.sinceMs ?? nowMs) >= settlesAfterMs;
    return noted === null ? this.now : toBeNoted(noted, this.now, isSettled);
  }

  #take(seen: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#ids = idsIn(seen).map((id, broker) => {
      const before = this.#ids[broker];
      return before !== undefined && (isUnknown(id) || id === before.id) ? before : { id, sinceMs: nowMs };
    });
  }
}
