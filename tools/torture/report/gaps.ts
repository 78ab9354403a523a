// PURE. How long the service stood still after each fault: from the moment it struck to the first answer to a write that was
// sent after it. Figures of the kinds for which the service makes a promise, and of all others together.
import type { Write } from "../history.ts";

export type GapKind = "killed master" | "hung master" | "switchover" | "other";

export interface Strike {
  readonly step: number;
  readonly fault: string;
  readonly kind: GapKind;
  /** What went with it, in words; nothing where the fault's name says it all. */
  readonly lost: readonly string[];
  readonly atMs: number;
  /** When what was lost was there again, where it comes back by the fault itself. */
  backAtMs: number | null;
  /** When the cluster was as desired again; null when it never was. */
  healedAtMs: number | null;
  /** When a killed worker's successor served; null when none was killed or none served. */
  replacedAtMs: number | null;
}

export interface Gap {
  readonly strike: Strike;
  /** Null when no write was answered any more. */
  readonly firstWriteMs: number | null;
  /** The longest time without any acknowledged write, up to the next strike or until all was as desired. */
  readonly stillMs: number;
  /** The longest wait of any write that was under way. */
  readonly worstMs: number;
  /** Requests that got an error or lost their connection before the cluster was healed. */
  readonly failed: number;
}

/** A planned change is felt by those who are under way at its moment. */
const felt = { beforeMs: 1_000, afterMs: 5_000 } as const;
/** A cluster that does not heal is counted for so long. */
const feltMs = 60_000;

/** @param writes in the order in which they were sent */
export function gapsOf(strikes: readonly Strike[], writes: readonly Write[]): readonly Gap[] {
  const acknowledgedMs = writes
    .flatMap(({ outcome, doneAtMs }) => (outcome === "acked" ? [doneAtMs] : []))
    .sort((a, b) => a - b);
  return strikes.map((strike, i) => {
    const next = strikes[i + 1];
    const endsMs = Math.min(
      strike.healedAtMs ?? strike.atMs + feltMs,
      next?.atMs ?? Number.POSITIVE_INFINITY,
    );
    return { ...gapOf(strike, writes), stillMs: longestStill(acknowledgedMs, strike.atMs, endsMs) };
  });
}

/** @param momentsMs in order */
function longestStill(momentsMs: readonly number[], fromMs: number, toMs: number): number {
  let longest = 0;
  let last = fromMs;
  for (const moment of momentsMs) {
    if (moment <= fromMs) continue;
    if (moment >= toMs) break;
    longest = Math.max(longest, moment - last);
    last = moment;
  }
  return Math.max(longest, toMs - last);
}

function gapOf(strike: Strike, writes: readonly Write[]): Omit<Gap, "stillMs"> {
  const { atMs, healedAtMs } = strike;
  const untilMs = Math.min(healedAtMs ?? Number.POSITIVE_INFINITY, atMs + feltMs);
  let first = Number.POSITIVE_INFINITY;
  let worstMs = 0;
  let failed = 0;
  for (const { sentAtMs, doneAtMs, outcome, troubles } of writes) {
    failed += troubles.filter((trouble) => trouble.atMs >= atMs && trouble.atMs <= untilMs).length;
    if (outcome !== "acked") continue;
    if (sentAtMs >= atMs) first = Math.min(first, doneAtMs);
    if (doneAtMs >= atMs && sentAtMs >= atMs - felt.beforeMs && sentAtMs <= atMs + felt.afterMs)
      worstMs = Math.max(worstMs, doneAtMs - sentAtMs);
  }
  return { strike, firstWriteMs: Number.isFinite(first) ? first - atMs : null, worstMs, failed };
}

export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
