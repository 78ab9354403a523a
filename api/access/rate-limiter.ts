// PURE but for its buckets. One bucket for each caller, in bounded memory. Buckets live in two generations: when the younger
// one is full, the older one is forgotten and the younger takes its place. A caller that keeps asking is carried over; one that
// is forgotten had been silent while thousands of others came, and starts again with a full bucket.
import type { RateLimitSpec } from "../../core/access.ts";
import { type Bucket, full, take } from "./token-bucket.ts";

const callersMax = 10_000;

export class RateLimiter {
  readonly #limit: RateLimitSpec;
  readonly #generationMax: number;
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();

  constructor(limit: RateLimitSpec, generationMax: number = callersMax) {
    this.#limit = limit;
    this.#generationMax = generationMax;
  }

  /** How many callers it remembers. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @returns undefined when the request may pass, else in how many ms the next one may */
  ask(caller: string, nowMs: number): number | undefined {
    const known = this.#young.get(caller) ?? this.#old.get(caller) ?? full(this.#limit, nowMs);
    const { bucket, retryAfterMs } = take(known, this.#limit, nowMs);
    if (!this.#young.has(caller) && this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(caller, bucket);
    return retryAfterMs;
  }
}
