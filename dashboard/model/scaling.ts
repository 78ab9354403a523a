// PURE: the counting window as a track of equal stretches, one for each slave's worth of reads.
import type { ScalingSpec } from "../../core/manifest/manifest.ts";
import type { ClusterStatus } from "../../core/state/status.ts";

export interface Stretch {
  /** The slaves a window that ends in this stretch asks for. */
  readonly slaves: number;
  readonly upToReads: number;
  /** 0 to 1. */
  readonly filled: number;
  /** Beyond what the manifest allows. */
  readonly outOfBounds: boolean;
}

export interface Gauge {
  readonly reads: number;
  readonly stretches: readonly Stretch[];
  /** What a window that ended now would ask for, within the bounds. */
  readonly slavesNow: number;
  /** The read that asks for one more slave, and how many that makes; null at the maximum. */
  readonly next: { readonly atReads: number; readonly slaves: number } | null;
  /** Null before the first read: the timer has not started. */
  readonly leftMs: number | null;
  /** How much of the window has passed, 0 to 1. */
  readonly elapsed: number;
}

/** Fewer would not look like a track. */
export const stretchesMin = 4;
const stretchesMax = 8;

export function gaugeOf(
  window: ClusterStatus["window"],
  { readsPerSlave, min, max }: ScalingSpec,
  desiredSlaves: number,
  nowMs: number,
): Gauge {
  const reads = window?.reads ?? 0;
  const wanted = Math.max(1, Math.ceil(reads / readsPerSlave));
  const slavesNow = Math.min(max, Math.max(min, wanted));
  // The stretch that is being filled is always in sight, and one that is not reached yet; beyond the maximum nothing changes.
  const last = Math.max(stretchesMin, Math.min(Math.max(wanted, desiredSlaves) + 1, max));
  const first = Math.max(1, last - stretchesMax + 1);
  const stretches = Array.from({ length: last - first + 1 }, (_, i): Stretch => {
    const slaves = first + i;
    const filled = Math.min(1, Math.max(0, (reads - (slaves - 1) * readsPerSlave) / readsPerSlave));
    return { slaves, upToReads: slaves * readsPerSlave, filled, outOfBounds: slaves < min || slaves > max };
  });
  const nextSlaves = slavesNow + 1;
  return {
    reads,
    stretches,
    slavesNow,
    next: nextSlaves > max ? null : { atReads: (nextSlaves - 1) * readsPerSlave + 1, slaves: nextSlaves },
    leftMs: window === null ? null : Math.max(0, window.endsAtMs - nowMs),
    elapsed:
      window === null
        ? 0
        : Math.min(1, Math.max(0, (nowMs - window.startedAtMs) / (window.endsAtMs - window.startedAtMs))),
  };
}
