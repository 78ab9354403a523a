// All open streams of this process, and the batons by which clients find theirs again. How many there are, how long one that keeps
// something is open, and what they keep is bounded.
import type { RequestSpec } from "../../core/manifest/manifest.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { libsqlLimits } from "../limits.ts";
import { Batons } from "./batons.ts";
import type { Database } from "./database.ts";
import type { SqlError } from "./errors.ts";
import { Stream } from "./stream.ts";

export interface StreamsOptions {
  readonly database: Database;
  readonly spec: { readonly requests: RequestSpec };
  readonly clock: Clock;
  /** Another one each time, in each process, and unforeseeable. */
  readonly newId: () => string;
}

/** A stream while it is in use. */
export interface Taken {
  readonly stream: Stream;
  /** @returns the baton for the next request; null when the stream was closed */
  readonly giveBack: () => string | null;
}

interface Held {
  readonly stream: Stream;
  turn: number;
  isBusy: boolean;
  usedAtMs: number;
  /** Since when its transaction is open. */
  beganAtMs: number | undefined;
}

export class Streams {
  readonly #options: StreamsOptions;
  readonly #batons = new Batons();
  /** In the order of their last use. */
  readonly #held = new Map<number, Held>();
  readonly #kept = { bytes: 0 };
  readonly #stored = { bytes: 0 };
  /** What the results take of all requests that are being carried out. */
  readonly results = { bytes: 0 };
  #last = 0;
  transactions = 0;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#held.size;
  }

  /** @param baton undefined for a new stream */
  take(baton: string | undefined): Taken | SqlError {
    if (baton === undefined) return this.#open();
    const read = this.#batons.read(baton);
    if (read === undefined) return batonErrors.foreign;
    const held = this.#held.get(read.stream);
    if (held === undefined || this.#isOver(held)) {
      if (held !== undefined) this.#end(read.stream, held);
      return this.#expired();
    }
    if (held.isBusy || held.turn !== read.turn) return batonErrors.reused;
    return this.#use(read.stream, held);
  }

  /** Ends what has been open for too long. */
  sweep(): void {
    for (const [number, held] of this.#held) if (this.#isOver(held)) this.#end(number, held);
  }

  #open(): Taken | SqlError {
    if (this.#held.size >= libsqlLimits.streamsMax && !this.#makeRoom()) return batonErrors.tooMany;
    this.#last += 1;
    const { database, newId, clock } = this.#options;
    const stream = new Stream({
      database,
      newMoment: () => ({ atMs: clock.wallMs(), seed: newId() }),
      kept: this.#kept,
      stored: this.#stored,
      mayBegin: () => {
        if (this.transactions >= libsqlLimits.transactionsMax) return false;
        this.transactions += 1;
        held.beganAtMs = clock.monotonicMs();
        return true;
      },
      onEnd: () => {
        this.transactions -= 1;
        held.beganAtMs = undefined;
      },
    });
    const usedAtMs = clock.monotonicMs();
    const held: Held = { stream, turn: 0, isBusy: false, usedAtMs, beganAtMs: undefined };
    this.#held.set(this.#last, held);
    return this.#use(this.#last, held);
  }

  #use(number: number, held: Held): Taken {
    held.isBusy = true;
    const giveBack = (): string | null => {
      held.isBusy = false;
      held.turn += 1;
      held.usedAtMs = this.#options.clock.monotonicMs();
      this.#held.delete(number);
      if (held.stream.isClosed) return null;
      this.#held.set(number, held);
      return this.#batons.write({ stream: number, turn: held.turn });
    };
    return { stream: held.stream, giveBack };
  }

  /** A client may have a stream for as long as it lives, and ask seldom: one that keeps nothing ends only where there is no room for it. */
  #isOver({ stream, isBusy, usedAtMs, beganAtMs }: Held): boolean {
    const { clock, spec } = this.#options;
    return (
      !isBusy &&
      !stream.keepsNothing &&
      clock.monotonicMs() - (beganAtMs ?? usedAtMs) > spec.requests.transactionMs
    );
  }

  #makeRoom(): boolean {
    for (const [number, held] of this.#held)
      if (!held.isBusy && held.stream.isAutocommit) {
        this.#end(number, held);
        return true;
      }
    return false;
  }

  #end(number: number, { stream }: Held): void {
    this.#held.delete(number);
    stream.close();
  }

  #expired(): SqlError {
    const { transactionMs } = this.#options.spec.requests;
    const message = `the stream has ended: it was closed, had a transaction open for more than ${transactionMs} ms, kept something and idled as long, or its room was needed; what was not committed is undone`;
    return { code: "STREAM_EXPIRED", message };
  }
}

const batonErrors = {
  foreign: {
    code: "BATON_INVALID",
    message:
      "this is no baton of this API process, which may have been restarted: the stream is gone, and what was not committed is undone",
  },
  reused: {
    code: "BATON_REUSED",
    message:
      "the baton was used already: each answer gives another one, and requests of a stream wait for each other",
  },
  tooMany: { code: "TOO_MANY_STREAMS", message: "too many streams are open; try it again" },
} as const satisfies Readonly<Record<string, SqlError>>;
