// PURE: a token bucket. It fills at a steady rate up to its burst; each request takes one out.
import type { RateLimitSpec } from "../../core/access.ts";

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
