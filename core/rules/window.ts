// PURE: the counting window. It opens with the first read and tumbles from then on; its count is a difference of two
// totals, so nothing is ever reset, and neither a restart of the controller nor one of the API loses or doubles a read.
import type { ScalingSpec } from "../manifest/manifest.ts";
import type { WindowNode } from "../state/znodes.ts";

export interface ReadTotals {
  readonly reads: number;
  readonly firstReadAtMs: number | null;
}

export interface WindowStep {
  readonly window: WindowNode | null;
  /** How many windows ended with this step; more than one when the controller was away. */
  readonly ended: number;
}

/** 0-20 reads: 1 slave, 21-40: 2, 41-60: 3, with 20 reads a slave. */
export const slavesFor = (reads: number, readsPerSlave: number): number =>
  Math.max(1, Math.ceil(reads / readsPerSlave));

export function readsInWindow(window: WindowNode, totals: ReadTotals): number {
  // A total below the start means the counts were lost outside; what is there now came since.
  return totals.reads >= window.readsAtStart ? totals.reads - window.readsAtStart : totals.reads;
}

const opened = (totals: ReadTotals, nowMs: number): WindowNode | null =>
  totals.reads === 0
    ? null
    : { startedAtMs: Math.min(totals.firstReadAtMs ?? nowMs, nowMs), readsAtStart: 0, demand: null };

export function stepWindow(
  stored: WindowNode | null,
  totals: ReadTotals,
  { windowMs, readsPerSlave }: Pick<ScalingSpec, "windowMs" | "readsPerSlave">,
  nowMs: number,
): WindowStep {
  const window = stored ?? opened(totals, nowMs);
  if (window === null) return { window: null, ended: 0 };
  // A start in the future was written under another clock: the window begins again, its count stays.
  if (window.startedAtMs > nowMs) return { window: { ...window, startedAtMs: nowMs }, ended: 0 };
  const ended = Math.floor((nowMs - window.startedAtMs) / windowMs);
  if (ended === 0) return { window, ended };
  // Several windows passed unseen: how the reads fell into them is not known, so each gets its share.
  const reads = Math.ceil(readsInWindow(window, totals) / ended);
  const endedAtMs = window.startedAtMs + ended * windowMs;
  const demand = { slaves: slavesFor(reads, readsPerSlave), reads, endedAtMs, windowMs };
  return { window: { startedAtMs: endedAtMs, readsAtStart: totals.reads, demand }, ended };
}
