// Everybody is held for a moment, and everything that was promised so far is looked for: in every copy, in the log, in the
// answers, and in what must not be there.
import { docker, lines } from "../cluster/command.ts";
import { type Copy, copyOf, rowsIn } from "../cluster/copies.ts";
import { cluster } from "../cluster/settings.ts";
import { found, type Look, notYet, until } from "../cluster/until.ts";
import { type Worker, workers } from "../cluster/workers.ts";
import { checkCopies } from "./check/copies.ts";
import { checkLedger, type LedgerEntry } from "./check/ledger.ts";
import { checkLeftovers, type Remains } from "./check/leftovers.ts";
import { checkLog, type LogFindings } from "./check/log.ts";
import { checkReads } from "./check/reads.ts";
import { checkRegisters, registersIn } from "./check/registers.ts";
import { queuesSeen } from "./cluster/broker.ts";
import type { LogReader } from "./cluster/log-reader.ts";
import { znodesLeft } from "./cluster/zookeeper.ts";
import type { History, Violation } from "./history.ts";

export interface Checked {
  readonly violations: readonly Violation[];
  readonly position: number;
  readonly log: LogFindings;
  readonly tookMs: number;
}

const equalWithinMs = 30_000;
const tidyWithinMs = 20_000;

/** To be called while no client sends anything. @throws when the copies cannot be looked at */
export async function checkpoint(history: History, log: LogReader, workersDesired: number): Promise<Checked> {
  const startedAtMs = performance.now();
  const copies = await copiesAtOnePosition();
  const position = Math.max(...copies.map((copy) => copy.position));
  await log.readTo(position);
  const [first] = await workers();
  const registers = registersIn(history.writes);
  const findings = checkLog(log.lives, history.writes);
  const content = first === undefined ? [] : await checkContent(history, registers, first);
  const violations = [
    ...checkCopies(copies),
    ...content,
    ...checkReads(history.reads, history.writes, registers),
    ...findings.violations,
    ...history.odd.map((evidence) => ({ rule: "an answer that must not be given", evidence })),
    ...(await leftovers(workersDesired)),
  ];
  return { violations, position, log: findings, tookMs: performance.now() - startedAtMs };
}

/** Copies that never meet are compared as they stand: the checker then says how they differ. */
async function copiesAtOnePosition(): Promise<readonly Copy[]> {
  let last: readonly Copy[] = [];
  const looked = until("all copies stand at one position", equalWithinMs, async () => {
    last = await Promise.all((await workers()).map(copyOf));
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
  worker: Worker,
): Promise<readonly Violation[]> {
  const [entries, values] = await Promise.all([
    rowsIn(worker, "SELECT op, count(*) AS rows, count(DISTINCT part) AS parts FROM ledger GROUP BY op"),
    rowsIn(worker, "SELECT name, value FROM registers"),
  ]);
  const known = new Map(values.map(({ name, value }) => [String(name), Number(value)]));
  return [
    ...checkLedger(history.writes, entries as unknown as readonly LedgerEntry[], worker.name),
    ...checkRegisters(registers, known, worker.name),
  ];
}

/** Tidying up may take a moment longer than serving. */
async function leftovers(workersDesired: number): Promise<readonly Violation[]> {
  let last: readonly Violation[] = [];
  await until("nothing is left over", tidyWithinMs, async (): Promise<Look<true>> => {
    last = checkLeftovers(await remains(workersDesired));
    return last.length === 0 ? found(true) : notYet(last);
  }).catch((error) => {
    if (last.length === 0) throw error;
  });
  return last;
}

async function remains(workersDesired: number): Promise<Remains> {
  const format = '{{.Label "dbaas.worker"}} {{.State}}';
  const [listed, znodes, queues] = await Promise.all([
    docker("ps", "--all", "--filter", `label=dbaas.cluster=${cluster}`, "--format", format),
    znodesLeft(),
    queuesSeen(),
  ]);
  const containers = lines(listed).map((line) => {
    const [name = "", state = ""] = line.split(" ");
    return { name, running: state === "running" };
  });
  return { workersDesired, containers, ...znodes, queues };
}
