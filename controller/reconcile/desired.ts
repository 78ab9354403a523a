// PURE: how many slaves there shall be, with the reason in words.
import type { ScalingSpec } from "../../core/manifest/manifest.ts";
import { formatDuration } from "../../core/manifest/quantities.ts";
import { wantedSlaves, withinBounds } from "../../core/rules/scaling.ts";
import type { WindowNode } from "../../core/state/znodes.ts";

export interface Desired {
  readonly slaves: number;
  /** The master and the slaves. */
  readonly workers: number;
  /** `21 reads in 2m0s -> 2 slaves` */
  readonly reason: string;
}

export const slavesInWords = (count: number): string => (count === 1 ? "1 slave" : `${count} slaves`);

/** The bounds of the manifest win over demand; before the first window has ended the baseline holds. */
export function desire(scaling: ScalingSpec, window: WindowNode | null): Desired {
  const { min, max } = scaling;
  const demand = window?.demand ?? null;
  const wanted = wantedSlaves(scaling, window);
  const slaves = withinBounds(scaling, wanted);
  const cause =
    demand === null
      ? `baseline -> ${slavesInWords(wanted)}`
      : `${demand.reads === 1 ? "1 read" : `${demand.reads} reads`} in ${formatDuration(demand.windowMs)} -> ${slavesInWords(wanted)}`;
  const bound = wanted < min ? `, raised to min ${min}` : wanted > max ? `, held at max ${max}` : "";
  return { slaves, workers: slaves + 1, reason: `${cause}${bound}` };
}
