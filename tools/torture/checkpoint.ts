// Everybody is held for a moment, and everything that was promised so far is looked for: in every copy, in the log, in the
// answers, and in what must not be there.
import type { Copy } from "../cluster/copies.ts";
import { found, type Look, notYet, until } from "../cluster/until.ts";
import { checkCopies } from "./check/copies.ts";
import { checkLedger, type LedgerEntry } from "./check/ledger.ts";
import { checkLeftovers } from "./check/leftovers.ts";
import { checkLog, type LogFindings } from "./check/log.ts";
import { checkReads } from "./check/reads.ts";
import { checkRegisters, registersIn } from "./check/registers.ts";
import { checkTransfers, type TransferRow } from "./check/transfers.ts";
import type { LogReader } from "./cluster/log-reader.ts";
import type { History, Violation } from "./history.ts";
import type { World } from "./world.ts";

export interface Checked {
  readonly violations: readonly Violation[];
  readonly position: number;
  readonly log: LogFindings;
  readonly tookMs: number;
}

const equalWithinMs = 30_000;
const tidyWithinMs = 20_000;

/** To be called while no client sends anything. @throws when the copies cannot be looked at */
export async function checkpoint(history: History, log: LogReader, world: World): Promise<Checked> {
  const startedAtMs = performance.now();
  const copies = await copiesAtOnePosition(world);
  const position = Math.max(...copies.map((copy) => copy.position));
  await log.readTo(position);
  const [first] = copies;
  const registers = registersIn(history.writes);
  const findings = checkLog(log.lives, history.writes);
  const content = first === undefined ? [] : await checkContent(history, registers, world, first.worker);
  const violations = [
    ...checkCopies(copies),
    ...content,
    ...checkReads(history.reads, history.writes, registers),
    ...findings.violations,
    ...history.odd.map((evidence) => ({ rule: "an answer that must not be given", evidence })),
    ...(await leftovers(world)),
  ];
  return { violations, position, log: findings, tookMs: performance.now() - startedAtMs };
}

/** Copies that never meet are compared as they stand: the checker then says how they differ. */
async function copiesAtOnePosition(world: World): Promise<readonly Copy[]> {
  let last: readonly Copy[] = [];
  const looked = until("all copies stand at one position", equalWithinMs, async () => {
    last = await world.copies();
    const positions = new Set(last.map(({ position }) => position));
    return positions.size === 1 && last.length > 0 ? found(last) : notYet([...positions]);
  });
  return looked.catch((error) => {
    if (last.length === 0) throw error;
    return last;
  });
}

async function checkContent(
  history: History,
  registers: ReturnType<typeof registersIn>,
  world: World,
  worker: string,
): Promise<readonly Violation[]> {
  const [entries, values, transfers, accounts] = await Promise.all([
    world.rowsIn(
      worker,
      "SELECT op, count(*) AS rows, count(DISTINCT part) AS parts FROM ledger GROUP BY op",
    ),
    world.rowsIn(worker, "SELECT name, value FROM registers"),
    world.rowsIn(
      worker,
      "SELECT op, source, target, amount, source_before, target_before FROM transfers ORDER BY id",
    ),
    world.rowsIn(worker, "SELECT name, value FROM accounts"),
  ]);
  const rows = transfers as unknown as readonly TransferRow[];
  return [
    ...checkLedger(history.writes, entries as unknown as readonly LedgerEntry[], worker),
    ...checkRegisters(registers, valuesByName(values), worker),
    ...checkTransfers(history.transfers, { rows, balances: valuesByName(accounts) }, worker),
  ];
}

const valuesByName = (rows: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, number> =>
  new Map(rows.map(({ name, value }) => [String(name), Number(value)]));

/** Tidying up may take a moment longer than serving. */
async function leftovers(world: World): Promise<readonly Violation[]> {
  let last: readonly Violation[] = [];
  await until("nothing is left over", tidyWithinMs, async (): Promise<Look<true>> => {
    last = checkLeftovers(await world.remains());
    return last.length === 0 ? found(true) : notYet(last);
  }).catch((error) => {
    if (last.length === 0) throw error;
  });
  return last;
}
