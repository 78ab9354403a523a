// Runs the load generator as a child and looks at the cluster's processes when it begins and ends to measure.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LoadSpec } from "../load/run-load.ts";
import type { LoadResult } from "../load/tally.ts";
import { cpuPercent, type UsageByProcess } from "./processes.ts";

export interface Measurement {
  readonly load: LoadResult;
  /** Percent of one core, by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Bytes at the end of the measured time, while the connections are still open. */
  readonly resident: Readonly<Record<string, number>>;
}

const program = fileURLToPath(new URL("../load/main.ts", import.meta.url));

/**
 * @param within a command that runs the generator elsewhere, for instance in another network
 * @throws when the generator does not end with a result
 */
export async function measure(
  spec: LoadSpec,
  usage: () => UsageByProcess,
  within: readonly string[] = [],
): Promise<Measurement> {
  const [file = process.execPath, ...args] = [...within, process.execPath, program, JSON.stringify(spec)];
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let before: UsageByProcess = new Map();
  let after: UsageByProcess = new Map();
  let load: LoadResult | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "measuring") before = usage();
    else if (line === "measured") after = usage();
    else load = JSON.parse(line) as LoadResult;
  }
  await exited;
  if (load === undefined) throw new Error("the load generator ended without a result");
  const cpu = {
    ...cpuPercent(before, after, load.seconds),
    generator: Math.round(load.ownCpuPercent * 10) / 10,
  };
  return { load, cpu, resident: residentOf(after) };
}

const residentOf = (usage: UsageByProcess): Readonly<Record<string, number>> =>
  Object.fromEntries([...usage].map(([name, { residentBytes }]) => [name, residentBytes]));
