// PURE: how many slaves the manifest and the last counted demand ask for. The controller goes by it, and the command line
// tells it beforehand.
import type { ScalingSpec } from "../manifest/manifest.ts";
import type { WindowNode } from "../state/znodes.ts";

/** By demand; before the first window has ended by the baseline. Not yet within the manifest's bounds. */
export const wantedSlaves = (
  { baseline }: Pick<ScalingSpec, "baseline">,
  window: WindowNode | null,
): number => window?.demand?.slaves ?? baseline;

/** The bounds of the manifest win over demand. */
export const withinBounds = ({ min, max }: Pick<ScalingSpec, "min" | "max">, wanted: number): number =>
  Math.min(max, Math.max(min, wanted));
