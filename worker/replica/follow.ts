// Applies the log to a copy for as long as its worker is not master.
import type { Feed, Ledger } from "../ports.ts";
import { advance, type Judge } from "./judge.ts";
import { GapError } from "./log-reader.ts";
import type { LogEntry } from "./store.ts";

export interface Following {
  readonly ledger: Ledger;
  readonly reader: Feed;
  readonly judge: Judge;
}

/**
 * Applies what arrives until `enough` says so or the signal fires; always stops between two transactions.
 * @throws GapError when a record is missing; what came before it is applied
 */
export async function follow(
  following: Following,
  signal: AbortSignal,
  enough: () => boolean = () => false,
): Promise<void> {
  const { ledger, reader } = following;
  while (!signal.aborted && !enough()) {
    const entries = await reader.next(signal);
    const { toApply, gap } = sift(following, entries);
    await ledger.apply(toApply);
    if (gap !== undefined) throw new GapError(gap);
  }
}

function sift(
  { ledger, judge }: Following,
  entries: readonly LogEntry[],
): { toApply: LogEntry[]; gap?: string } {
  const toApply: LogEntry[] = [];
  let applied = ledger.applied;
  for (const entry of entries) {
    const verdict = judge(applied, entry.record);
    if (verdict === "gap") {
      const place = entry.record.kind === "batch" ? `position ${entry.record.position}` : "a marker";
      const gap = `${place} of epoch ${entry.record.epoch} cannot follow position ${applied.position} of epoch ${applied.epoch}`;
      return { toApply, gap };
    }
    if (verdict !== "apply") continue;
    toApply.push(entry);
    applied = advance(applied, entry.record, entry.offset, entry.checksum);
  }
  return { toApply };
}
