// PURE. Every read that was answered, against what had been acknowledged and sent when it was made.
import type { LedgerCount, Read, Violation, Write } from "../history.ts";
import { isLedgerWrite, seconds } from "./ledger.ts";
import { checkRegisterRead, Register, type registersIn } from "./registers.ts";

const untouched = new Register([]);

export function checkReads(
  reads: readonly Read[],
  writes: readonly Write[],
  registers: ReturnType<typeof registersIn>,
): readonly Violation[] {
  const ledgers = ledgersIn(writes);
  return reads
    .filter(({ outcome }) => outcome === "acked")
    .map((read) =>
      read.kind === "readRegister"
        ? checkRegisterRead(read, registers.get(read.register) ?? untouched)
        : checkCount(read, ledgers.get(read.of) ?? []),
    )
    .filter((violation) => violation !== null);
}

interface Change {
  readonly atMs: number;
  readonly rows: number;
}

/** By client: when rows of its were sent, and when they were acknowledged. */
function ledgersIn(writes: readonly Write[]): ReadonlyMap<string, readonly LedgerChange[]> {
  const ledgers = new Map<string, LedgerChange[]>();
  for (const { client, parts, sentAtMs, doneAtMs, outcome } of writes.filter(isLedgerWrite)) {
    const ackedAtMs = outcome === "acked" ? doneAtMs : Number.POSITIVE_INFINITY;
    const change = { sent: { atMs: sentAtMs, rows: parts }, acked: { atMs: ackedAtMs, rows: parts } };
    const ledger = ledgers.get(client);
    if (ledger === undefined) ledgers.set(client, [change]);
    else ledger.push(change);
  }
  return ledgers;
}

interface LedgerChange {
  readonly sent: Change;
  readonly acked: Change;
}

function checkCount(read: LedgerCount, ledger: readonly LedgerChange[]): Violation | null {
  const rowsBefore = (which: keyof LedgerChange, atMs: number): number =>
    ledger.reduce((sum, change) => (change[which].atMs < atMs ? sum + change[which].rows : sum), 0);
  const [least, most] = [rowsBefore("acked", read.sentAtMs), rowsBefore("sent", read.doneAtMs)];
  if (read.rows >= least && read.rows <= most) return null;
  return {
    rule: read.rows < least ? "a strong count missed a write" : "a count saw a write that was never sent",
    evidence: `${read.client} counted ${read.rows} rows of ${read.of} at ${read.worker}, sent at ${seconds(read.sentAtMs)}, position ${read.position}; acknowledged before ${least}, sent ${most}`,
  };
}
