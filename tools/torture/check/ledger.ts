// PURE. The set test: what was acknowledged is in a copy, what was never sent is not, every write is there once and whole.
import type { LedgerWrite, Violation, Write } from "../history.ts";

/** What a copy holds under one name. */
export interface LedgerEntry {
  readonly op: string;
  readonly rows: number;
  /** Different numbers of parts among the rows. */
  readonly parts: number;
}

export const isLedgerWrite = (write: Write): write is LedgerWrite => write.kind === "ledger";

export function checkLedger(
  writes: readonly Write[],
  entries: readonly LedgerEntry[],
  where: string,
): readonly Violation[] {
  const found = new Map(entries.map((entry) => [entry.op, entry]));
  const sent = new Map(writes.filter(isLedgerWrite).map((write) => [write.op, write]));
  const violations: Violation[] = [];
  for (const { op } of entries)
    if (!sent.has(op))
      violations.push({ rule: "a write that was never sent", evidence: `${op} in ${where}` });
  for (const write of sent.values()) {
    const violation = judge(write, found.get(write.op), where);
    if (violation !== null) violations.push(violation);
  }
  return violations;
}

function judge(write: LedgerWrite, entry: LedgerEntry | undefined, where: string): Violation | null {
  const story = `${write.op} (${write.outcome}, sent at ${seconds(write.sentAtMs)}, done at ${seconds(write.doneAtMs)}, position ${write.position}) in ${where}`;
  if (entry === undefined)
    return write.outcome === "acked" ? { rule: "an acknowledged write is lost", evidence: story } : null;
  if (write.outcome === "refused") return { rule: "a refused write is there", evidence: story };
  if (entry.rows > write.parts)
    return { rule: "a write was applied twice", evidence: `${story}: ${entry.rows} rows of ${write.parts}` };
  if (entry.rows < write.parts || entry.parts !== write.parts)
    return {
      rule: "a write was applied in part",
      evidence: `${story}: parts ${entry.parts} in ${entry.rows} rows of ${write.parts}`,
    };
  return null;
}

export const seconds = (ms: number): string =>
  Number.isFinite(ms) ? `${(ms / 1000).toFixed(3)} s` : "never";
