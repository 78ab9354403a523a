// Memory with a million rows and many connections, at a load that is kept up for a while: is it bounded, and flat?
import { sleep } from "../../../platform/process/waiting.ts";
import type { LoadSpec } from "../load/run-load.ts";
import type { MemorySample, Results } from "../report/results.ts";
import { summarise } from "../report/summary.ts";
import { measure } from "../world/generator.ts";
import type { UsageByProcess } from "../world/processes.ts";
import type { Bench } from "./bench.ts";

const connections = 256;
const ratePerSecond = 2_000;
const readsPerWrite = 9;
const samples = 60;
const mebibyte = 1024 * 1024;

export async function memory(bench: Bench): Promise<NonNullable<Results["memory"]>> {
  const { cluster, pace } = bench;
  const subject = await cluster.subject();
  await bench.ensureRows(subject, pace.memoryRows);
  const rows = bench.rowsOf(subject);
  const measureMs = pace.memoryMinutes * 60_000;
  const spec: LoadSpec = {
    target: subject.target,
    connections,
    ratePerSecond,
    warmUpMs: pace.warmUpMs,
    measureMs,
    workload: { kind: "mixed", rows, seed: 1, firstId: bench.takeIds(), readsPerWrite },
  };
  const [measured, series] = await Promise.all([
    measure(spec, subject.usage),
    sampled(subject.usage, pace.warmUpMs + measureMs),
  ]);
  const last = series.at(-1)?.megabytes ?? {};
  bench.say(
    `  ${rows} rows, ${connections} connections, ${pace.memoryMinutes} minutes: MB at the end ${JSON.stringify(last)}`,
  );
  const load = summarise([measured]);
  return { rows, connections, minutes: pace.memoryMinutes, samples: series, load };
}

async function sampled(usage: () => UsageByProcess, ms: number): Promise<readonly MemorySample[]> {
  const startedMs = performance.now();
  const series: MemorySample[] = [];
  for (let i = 1; i <= samples; i++) {
    await sleep((ms * i) / samples - (performance.now() - startedMs));
    const megabytes = [...usage()].map(([name, { residentBytes }]) => [
      name,
      Math.round(residentBytes / mebibyte),
    ]);
    series.push({
      second: Math.round((performance.now() - startedMs) / 100) / 10,
      megabytes: Object.fromEntries(megabytes),
    });
  }
  return series;
}
