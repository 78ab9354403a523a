// Whether one more request may wait. The bounds keep memory finite; the broker's absence is told at once, because a
// client that knows can go elsewhere, while one that waits ten seconds cannot.
import type { RefusalBody } from "../../core/errors.ts";

export interface AdmissionLimits {
  readonly pendingRequestsMax: number;
  readonly pendingBytesMax: number;
  readonly brokerAwayMs: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  #requests = 0;
  #bytes = 0;
  /** Monotonic; undefined while the broker takes messages. */
  #awaySinceMs: number | undefined;

  constructor(limits: AdmissionLimits, nowMs: number) {
    this.#limits = limits;
    this.#awaySinceMs = nowMs;
  }

  get requests(): number {
    return this.#requests;
  }

  brokerSeen(reachable: boolean, nowMs: number): void {
    if (reachable) this.#awaySinceMs = undefined;
    else this.#awaySinceMs ??= nowMs;
  }

  /** @returns why it may not, or undefined and has counted it */
  admit(bytes: number, nowMs: number): RefusalBody | undefined {
    const { pendingRequestsMax, pendingBytesMax, brokerAwayMs } = this.#limits;
    if (this.#awaySinceMs !== undefined && nowMs - this.#awaySinceMs > brokerAwayMs)
      return unavailable("the message broker cannot be reached or takes no messages at the moment");
    if (this.#requests >= pendingRequestsMax || this.#bytes + bytes > pendingBytesMax)
      return unavailable("too many requests are waiting for their answers");
    this.#requests += 1;
    this.#bytes += bytes;
    return undefined;
  }

  release(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
  }
}

export const unavailable = (message: string): RefusalBody => ({ code: "unavailable", message });
