// Applies the log to a copy for as long as its worker is not master.

import { advance, type Judge } from "../../core/log/record.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Feed, Ledger, LogEntry } from "../ports.ts";
import { GapError } from "./log-reader.ts";

export interface Following {
  readonly ledger: Pick<Ledger, "applied" | "apply">;
  readonly reader: Pick<Feed, "next">;
  readonly judge: Judge;
  readonly log: Log;
}

/**
 * A master's records follow each other, and each one's first is its marker. One that fits nowhere though nothing before it is
 * missing was written by no master, and every copy comes to the same verdict. A marker that a copy is not ready for is another
 * matter: it tells of data that this log does not hold.
 */
const isNobodys = ({ record, unbroken }: LogEntry): boolean => record.kind === "batch" && unbroken === true;

/** So many of them one after another are no accident: then it is this copy that fits nowhere. */
const nobodysMax = 16;

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
  const passedOver = { inARow: 0 };
  while (!signal.aborted && !enough()) {
    const entries = await reader.next(signal);
    const { toApply, gap } = sift(following, entries, passedOver);
    await ledger.apply(toApply);
    if (gap !== undefined) throw new GapError(gap);
  }
}

function sift(
  { ledger, judge, log }: Following,
  entries: readonly LogEntry[],
  passedOver: { inARow: number },
): { toApply: LogEntry[]; gap?: string } {
  const toApply: LogEntry[] = [];
  let applied = ledger.applied;
  for (const entry of entries) {
    const verdict = judge(applied, entry.record);
    if (verdict === "gap" && isNobodys(entry) && passedOver.inARow < nobodysMax) {
      passedOver.inARow += 1;
      const { offset, record } = entry;
      log.error({ offset, epoch: record.epoch }, "record of no master in the log, passed over");
      continue;
    }
    if (verdict === "gap") {
      const place = entry.record.kind === "batch" ? `position ${entry.record.position}` : "a marker";
      const gap = `${place} of epoch ${entry.record.epoch} cannot follow position ${applied.position} of epoch ${applied.epoch}`;
      return { toApply, gap };
    }
    if (verdict !== "apply") continue;
    passedOver.inARow = 0;
    toApply.push(entry);
    applied = advance(applied, entry.record, entry.offset, entry.checksum);
  }
  return { toApply };
}
