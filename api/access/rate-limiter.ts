// PURE but for its buckets. One bucket for each caller, in bounded memory. Buckets live in two generations: when the younger
// one is full, the older one is forgotten and the younger takes its place. A caller that keeps asking is carried over; one that
// is forgotten had been silent while thousands of others came, and starts again with a full bucket.
import type { RateLimitSpec } from "../../core/access.ts";

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

/** It fills at a steady rate up to its burst; each request takes one out. */
export interface Bucket {
  readonly level: number;
  readonly atMs: number;
}

export interface Taken {
  readonly bucket: Bucket;
  /** Undefined when the request may pass, else when the next one may. */
  readonly retryAfterMs: number | undefined;
}

export const full = ({ burst }: RateLimitSpec, nowMs: number): Bucket => ({ level: burst, atMs: nowMs });

export function take({ level, atMs }: Bucket, { perSecond, burst }: RateLimitSpec, nowMs: number): Taken {
  const filledMs = Math.max(0, nowMs - atMs);
  const now = Math.min(burst, level + (filledMs * perSecond) / 1_000);
  if (now >= 1) return { bucket: { level: now - 1, atMs: nowMs }, retryAfterMs: undefined };
  return { bucket: { level: now, atMs: nowMs }, retryAfterMs: ((1 - now) * 1_000) / perSecond };
}

const mappedForm = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** A client with one IPv6 address usually has all of its /64. */
const networkGroups = 4;

/** Which callers count as one where there is no token to tell them apart. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = mappedForm.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(":") ? groupsOf(address).slice(0, networkGroups).join(":") : address;
}

/** The eight groups, with those written out that `::` stands for. */
function groupsOf(address: string): readonly string[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array.from({ length: tail === undefined ? 0 : missing }, () => "0"), ...after];
}
