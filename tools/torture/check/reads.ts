// PURE. Every read that was answered, against what had been acknowledged and sent when it was made.
import {
  accountStart,
  accounts,
  type LedgerCount,
  type Read,
  type TotalRead,
  type Violation,
  type Write,
} from "../history.ts";
import { isLedgerWrite, seconds } from "./ledger.ts";
import { checkRegisterRead, Register, type registersIn } from "./registers.ts";

const untouched = new Register([]);

export function checkReads(
  reads: readonly Read[],
  writes: readonly Write[],
  registers: ReturnType<typeof registersIn>,
): readonly Violation[] {
  const ledgers = ledgersIn(writes);
  const check = (read: Read): Violation | null => {
    switch (read.kind) {
      case "readRegister":
        return checkRegisterRead(read, registers.get(read.register) ?? untouched);
      case "countLedger":
        return checkCount(read, ledgers.get(read.of) ?? []);
      case "readTotal":
        return checkTotal(read);
    }
  };
  return reads
    .filter(({ outcome }) => outcome === "acked")
    .map(check)
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

/** Transactions move amounts and make none: whoever sees another sum has seen a part of one, or two moments. */
function checkTotal({ client, how, total, accounts: seen, sentAtMs, doneAtMs }: TotalRead): Violation | null {
  // A copy that is behind may have none of them yet.
  if (total === seen * accountStart && (seen === accounts.length || seen === 0)) return null;
  return {
    rule: "a read saw a part of a transaction",
    evidence: `${client} read ${total} from ${seen} accounts by ${how}, sent at ${seconds(sentAtMs)}, done at ${seconds(doneAtMs)}`,
  };
}
