// What must hold of transactions, by the data alone: each is there whole or not at all, and those that are there could have been carried
// out one after another, in the order in which they were committed.
import type { Told } from "./clients.ts";
import type { Copy, NotedTransfer } from "./copies.ts";

/** @returns what was violated, in words */
export const transactionsAreTrue = (
  told: readonly Told[],
  { transfers, accounts }: Copy,
  lossAccepted: boolean,
): readonly string[] => [
  ...answersAreTrue(told, transfers, lossAccepted),
  ...oneAfterAnother(transfers, accounts),
  ...told
    .filter(({ sum }) => sum !== undefined && sum !== 0)
    .map(({ value, sum }) => `look ${value} saw accounts that hold ${sum} together`),
];

function answersAreTrue(
  told: readonly Told[],
  transfers: readonly NotedTransfer[],
  lossAccepted: boolean,
): readonly string[] {
  const found: string[] = [];
  const cleared = told.some(({ ask, outcome }) => ask.kind === "clear" && outcome !== "refused");
  const sent = new Set<string>();
  for (const { ask, value, outcome } of told) {
    if (ask.kind !== "transfer") continue;
    sent.add(value);
    const times = transfers.filter(({ op }) => op === value).length;
    if (times > 1) found.push(`transfer ${value} stands ${times} times in the data`);
    if (outcome === "refused" && times > 0) found.push(`undone transfer ${value} stands in the data`);
    if (outcome === "ok" && times === 0 && !cleared && !lossAccepted)
      found.push(`committed transfer ${value} is not in the data`);
  }
  for (const { op } of transfers) if (!sent.has(op)) found.push(`transfer ${op} was never sent`);
  return found;
}

/** What is cleared takes all of them with it, and the accounts: all begins with nothing again. */
function oneAfterAnother(
  transfers: readonly NotedTransfer[],
  accounts: ReadonlyMap<string, number>,
): readonly string[] {
  const found: string[] = [];
  const now = new Map<string, number>();
  for (const { op, read, wrote } of transfers) {
    for (const [account, value] of Object.entries(read)) {
      const wanted = now.get(account) ?? 0;
      if (value !== wanted) found.push(`transfer ${op} read ${value} of ${account}, which held ${wanted}`);
    }
    for (const [account, value] of Object.entries(wrote)) now.set(account, value);
  }
  for (const account of new Set([...now.keys(), ...accounts.keys()]))
    if (now.get(account) !== accounts.get(account))
      found.push(`${account} holds ${accounts.get(account)}, its transfers leave ${now.get(account)}`);
  return found;
}
