// The bench over hosts: one host and three beside each other, on the same machine, one after the other under the same load.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { messageOf } from "../../../core/errors.ts";
import { variable } from "../../../platform/process/program.ts";
import { rootDir } from "../../cluster/settings.ts";
import { tables } from "../load/rows.ts";
import type { WorkloadSpec } from "../load/workload.ts";
import { summarise } from "../report/summary.ts";
import { type Measurement, measure } from "../world/generator.ts";
import { countRows, expectRows, fill } from "../world/subject.ts";
import { runsFrom } from "./arguments.ts";
import { asMarkdown, asText, type Row } from "./comparison.ts";
import { type HostsSubject, oneHost, threeHosts } from "./subjects.ts";

const rows = 100_000;
const lasts = { warmUpMs: 1_000, measureMs: 4_000 } as const;
const connections = 64;
const idsPerRun = 10_000_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

let nextId = 1;
const workloadOf = (kind: "reads" | "writes"): WorkloadSpec => {
  const firstId = nextId;
  nextId += idsPerRun;
  return kind === "reads" ? { kind: "read", rows, seed: firstId } : { kind: "write", firstId };
};

/** After writes, every one that was answered with success must be there. */
async function run(
  { target, apis, within }: HostsSubject,
  kind: "reads" | "writes",
  count: number,
): Promise<Measurement> {
  const before = kind === "writes" ? await countRows(target, tables.written) : 0;
  const [api, ...otherTargets] = apis;
  const load = { target: api, otherTargets, connections: count, ...lasts, workload: workloadOf(kind) };
  const measured = await measure(load, () => new Map(), within);
  const { errors, wrong, firstTrouble, succeeded } = measured.load;
  if (errors + wrong > 0) say(`  trouble: ${errors} errors, ${wrong} wrong answers, first: ${firstTrouble}`);
  else if (kind === "writes") await expectRows(target, tables.written, before + succeeded);
  return measured;
}

/** Each in turn, so that what else happens on the machine meets all of them. */
async function compared(
  one: HostsSubject,
  three: HostsSubject,
  runs: number,
  kind: "reads" | "writes",
  count: number,
): Promise<Row> {
  const [api] = three.apis;
  const subjects = { one, three: { ...three, apis: [api] as const }, spread: three };
  const found: Record<keyof typeof subjects, Measurement[]> = { one: [], three: [], spread: [] };
  for (let i = 0; i < runs; i++)
    for (const name of ["one", "three", "spread"] as const)
      if (name !== "spread" || count > 1) found[name].push(await run(subjects[name], kind, count));
  const row: Row = {
    load: count === 1 ? `a lone ${kind === "reads" ? "read" : "write"}` : `${kind}, ${count} connections`,
    figure: count === 1 ? "p50Ms" : "perSecond",
    one: summarise(found.one),
    three: summarise(found.three),
    spread: found.spread.length === 0 ? null : summarise(found.spread),
  };
  say(asText([row]));
  return row;
}

async function keep(found: readonly Row[]): Promise<void> {
  const machine = {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.version,
    load: loadavg(),
  };
  const folder = join(rootDir, "tools", "bench", "results");
  await mkdir(folder, { recursive: true });
  const results = { madeAt: new Date().toISOString(), machine, rows: found };
  await writeFile(join(folder, "hosts.json"), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(folder, "hosts.md"), `${asMarkdown(found)}\n`);
}

async function main(): Promise<void> {
  const runs = runsFrom(process.argv.slice(2));
  const cluster = variable(process.env, "DBAAS_CLUSTER");
  const one = await oneHost(cluster);
  say("bringing up three hosts beside it");
  const three = await threeHosts(cluster);
  try {
    say(`load average before: ${loadavg().map((load) => load.toFixed(1))}`);
    for (const { target } of [one, three])
      await fill({ name: "service", target, usage: () => new Map() }, tables.read, 1, rows);
    const found: Row[] = [];
    for (const count of [connections, 1])
      for (const kind of ["reads", "writes"] as const)
        found.push(await compared(one, three, runs, kind, count));
    await keep(found);
    say(`\n${asText(found)}\n\nWritten to tools/bench/results: hosts.json and hosts.md`);
  } finally {
    await three.down();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(`dbaas: ${messageOf(error)}`);
    process.exit(1);
  },
);
