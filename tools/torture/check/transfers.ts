// PURE. The test of transactions. Each notes what it has read, and all stand in the order in which they were committed: carried out once
// more, one after another, each must have read what those before it left, and the accounts must end with what the last one left. So a
// lost update, a transaction that is there in part, and one that saw two moments are all found.
import { accountStart, accounts, type Transfer, type Violation } from "../history.ts";
import { seconds } from "./ledger.ts";

/** What a copy holds of a transaction. */
export interface TransferRow {
  readonly op: string;
  readonly source: string;
  readonly target: string;
  readonly amount: number;
  readonly source_before: number;
  readonly target_before: number;
}

/** What a copy holds of transactions. */
export interface TransfersFound {
  /** In the order of their commits. */
  readonly rows: readonly TransferRow[];
  readonly balances: ReadonlyMap<string, number>;
}

export function checkTransfers(
  transfers: readonly Transfer[],
  { rows, balances }: TransfersFound,
  where: string,
): readonly Violation[] {
  const sent = new Map(transfers.map((one) => [one.op, one]));
  return [
    ...checkEach(sent, rows, where),
    ...carriedOutAgain(rows, balances, where),
    ...checkOrder(sent, rows, where),
  ];
}

const story = ({ op, outcome, sentAtMs, doneAtMs }: Transfer): string =>
  `${op} (${outcome}, begun at ${seconds(sentAtMs)}, done at ${seconds(doneAtMs)})`;

function checkEach(
  sent: ReadonlyMap<string, Transfer>,
  rows: readonly TransferRow[],
  where: string,
): readonly Violation[] {
  const times = new Map<string, number>();
  for (const { op } of rows) times.set(op, (times.get(op) ?? 0) + 1);
  const violations: Violation[] = [];
  for (const op of times.keys())
    if (!sent.has(op))
      violations.push({ rule: "a transaction that was never sent", evidence: `${op} in ${where}` });
  for (const transfer of sent.values()) {
    const found = times.get(transfer.op) ?? 0;
    const evidence = `${story(transfer)} in ${where}`;
    if (found > 1) violations.push({ rule: "a transaction was carried out twice", evidence });
    if (found === 0 && transfer.outcome === "acked")
      violations.push({ rule: "a committed transaction is lost", evidence });
    if (found > 0 && transfer.outcome === "refused")
      violations.push({ rule: "an undone transaction is there", evidence });
  }
  return violations;
}

function carriedOutAgain(
  rows: readonly TransferRow[],
  balances: ReadonlyMap<string, number>,
  where: string,
): readonly Violation[] {
  const violations: Violation[] = [];
  const now = new Map(accounts.map((name) => [name, accountStart]));
  for (const row of rows) {
    const { op, source, target, amount, source_before: from, target_before: to } = row;
    const [wantedFrom, wantedTo] = [now.get(source), now.get(target)];
    if (from !== wantedFrom || to !== wantedTo)
      violations.push({
        rule: "a transaction did not see what was committed before it",
        evidence: `${op} in ${where} read ${from} from ${source} and ${to} from ${target}; there were ${wantedFrom} and ${wantedTo}`,
      });
    // From here on by what it has written itself: a mistake is told once.
    now.set(source, from - amount);
    now.set(target, to + amount);
  }
  // Before the first transaction the accounts may not be there yet.
  if (rows.length === 0 && balances.size === 0) return violations;
  for (const [name, wanted] of now)
    if (balances.get(name) !== wanted)
      violations.push({
        rule: "a transaction is there in part",
        evidence: `${name} in ${where} holds ${balances.get(name)}; its transactions leave ${wanted}`,
      });
  return violations;
}

/** One that was begun when another one was committed already stands behind it. */
function checkOrder(
  sent: ReadonlyMap<string, Transfer>,
  rows: readonly TransferRow[],
  where: string,
): readonly Violation[] {
  const violations: Violation[] = [];
  let first: Transfer | undefined;
  for (const { op } of rows.toReversed()) {
    const transfer = sent.get(op);
    if (transfer?.outcome !== "acked") continue;
    if (first !== undefined && first.doneAtMs < transfer.sentAtMs)
      violations.push({
        rule: "a transaction stands before one that was committed before it was begun",
        evidence: `${story(transfer)} before ${story(first)} in ${where}`,
      });
    if (first === undefined || transfer.doneAtMs < first.doneAtMs) first = transfer;
  }
  return violations;
}
