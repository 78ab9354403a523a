// A world with a time of its own: everything that happens is an event at a moment, one after the other, and what is left
// to chance comes from one seed. The same seed and the same plan are the same run, event by event.

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export type Cancel = () => void;
export type Random = () => number;

/** Mulberry32: small, quick, and good enough to spread delays. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function hash(text: string, seed: number): number {
  let h = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

export class VirtualWorld {
  nowMs = 0;
  readonly #seed: number;
  /** Latest first, so that the next one is popped from the end. */
  readonly #events: Event[] = [];
  readonly #trace: string[] | undefined;
  #order = 0;
  #touched = false;

  constructor(seed: number, trace?: string[]) {
    this.#seed = seed;
    this.#trace = trace;
  }

  /** Each part of the world draws from its own stream, so that a fault taken out of a plan moves as little else as possible. */
  random(part: string): Random {
    return generator(hash(part, this.#seed));
  }

  tell(who: string, what: string): void {
    this.#trace?.push(`${this.nowMs.toFixed(1).padStart(9)} ${who.padEnd(8)} ${what}`);
  }

  get tracing(): boolean {
    return this.#trace !== undefined;
  }

  after(ms: number, run: () => void): Cancel {
    this.#order += 1;
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), order: this.#order, run, cancelled: false };
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Among events of one moment the one made first comes first.
      if ((events[middle] as Event).atMs > event.atMs) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Something was handed to a program: what it does with it comes before the next event. */
  touch(): void {
    this.#touched = true;
  }

  /** For clients, which are in no process that could end. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, () => {
        this.touch();
        resolve();
      });
    });
  }

  /** Lets events happen until `done`, or until the time is over. @returns whether it is done */
  async advance(done: () => boolean, untilMs: number): Promise<boolean> {
    while (!done()) {
      const event = this.#events.pop();
      if (event === undefined) return done();
      if (event.cancelled) continue;
      if (event.atMs > untilMs) {
        this.#events.push(event);
        this.nowMs = untilMs;
        return done();
      }
      this.nowMs = event.atMs;
      event.run();
      if (!this.#touched) continue;
      this.#touched = false;
      // Everything that follows from this event by promises happens before the next one.
      await new Promise(setImmediate);
    }
    return true;
  }
}
