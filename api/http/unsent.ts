// Answers that their clients have not taken yet. A client that asks and does not read leaves its answer in this process's
// memory: all of them together are bounded in bytes, and each in time. When there is no room for one more, the answer
// that has been held most for longest is given up, but none that is younger than a second: a client that reads at all has
// taken most of it by then. Where that makes no room, the newcomer is told to ask again.
import { type Clock, systemClock } from "../../platform/process/clock.ts";

export interface UnsentLimits {
  readonly unsentBytesMax: number;
  /** Of these bytes the last quarter is kept for answers that are smaller than this. */
  readonly unsentLargeBytes: number;
  readonly unsentWithinMs: number;
}

/** What an answer is to us: a `ServerResponse`. */
export interface Outgoing {
  /** Bytes that were written and not taken. */
  readonly writableLength: number;
  readonly req: { readonly socket: { readonly destroyed: boolean; destroy(): unknown } };
  once(event: "close", listener: () => void): unknown;
}

interface Held {
  readonly sinceMs: number;
  /** As announced: more than is left of it as a rule. */
  readonly bytes: number;
}

const protectedMs = 1_000;
/** What an answer may hold whose size is not known beforehand: a page's file is read piece by piece. */
const unannouncedBytes = 64 * 1024;

export class Unsent {
  readonly #limits: UnsentLimits;
  readonly #clock: Clock;
  readonly #held = new Map<Outgoing, Held>();
  #announcedBytes = 0;
  /** How many were given up, or refused for want of room. */
  givenUp = 0;

  constructor(limits: UnsentLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Bytes that wait in this process for their clients. */
  get bytes(): number {
    let bytes = 0;
    for (const res of this.#held.keys()) bytes += res.writableLength;
    return bytes;
  }

  /** For an answer whose size is not known yet. @returns whether there is room for it; it is then watched */
  admitAny(res: Outgoing): boolean {
    return this.admit(res, unannouncedBytes);
  }

  /** To be asked before a large answer is written. @returns whether there is room for it; it is then watched */
  admit(res: Outgoing, bytes: number): boolean {
    const { unsentBytesMax, unsentLargeBytes } = this.#limits;
    const bytesMax = bytes < unsentLargeBytes ? unsentBytesMax : unsentBytesMax * 0.75;
    // Counting what is really left of each is worth it only when the announced sizes alone are too many.
    if (this.#announcedBytes + bytes > bytesMax && !this.#makeRoom(bytesMax - bytes)) {
      this.givenUp += 1;
      return false;
    }
    this.#add(res, bytes);
    return true;
  }

  /** A stream whose client has taken all that was written: what comes next waits from now on. */
  moved(res: Outgoing): void {
    this.#renew(res, this.#clock.monotonicMs());
  }

  /** To be called about once a second. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [res, { sinceMs }] of this.#held) {
      // A response behind another one on its connection is not told when that one goes.
      if (res.req.socket.destroyed) this.#forget(res);
      else if (res.writableLength > 0 && nowMs - sinceMs > this.#limits.unsentWithinMs) this.#giveUp(res);
      else if (res.writableLength === 0) this.#renew(res, nowMs);
    }
  }

  #add(res: Outgoing, bytes: number): void {
    if (this.#held.has(res)) this.#forget(res);
    else res.once("close", () => this.#forget(res));
    this.#held.set(res, { sinceMs: this.#clock.monotonicMs(), bytes });
    this.#announcedBytes += bytes;
  }

  /** Nothing of it waits, as with a stream whose listener keeps up: what comes next waits from now on. */
  #renew(res: Outgoing, nowMs: number): void {
    const held = this.#held.get(res);
    if (held !== undefined) this.#held.set(res, { ...held, sinceMs: nowMs });
  }

  #forget(res: Outgoing): void {
    const held = this.#held.get(res);
    if (held === undefined) return;
    this.#held.delete(res);
    this.#announcedBytes -= held.bytes;
  }

  /** @returns whether no more than `bytesMax` are left */
  #makeRoom(bytesMax: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    let bytes = 0;
    const old: { readonly res: Outgoing; readonly bytes: number; readonly cost: number }[] = [];
    for (const [res, { sinceMs }] of this.#held) {
      const waiting = res.writableLength;
      bytes += waiting;
      const ageMs = nowMs - sinceMs;
      if (waiting > 0 && ageMs >= protectedMs) old.push({ res, bytes: waiting, cost: waiting * ageMs });
    }
    old.sort((a, b) => b.cost - a.cost);
    for (const costliest of old) {
      if (bytes <= bytesMax) break;
      this.#giveUp(costliest.res);
      bytes -= costliest.bytes;
    }
    return bytes <= bytesMax;
  }

  /** With its connection: the rest of an answer cannot be left out otherwise. */
  #giveUp(res: Outgoing): void {
    this.givenUp += 1;
    res.req.socket.destroy();
    this.#forget(res);
  }
}
