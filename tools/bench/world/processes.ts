// Who used how much: processor time and memory of every process of the cluster, read from the host's /proc. The kernel
// counts both for each process, so nothing has to be added to the programs that are measured.
import { readdirSync, readFileSync } from "node:fs";
import type { Container } from "./engine.ts";

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system, in clock ticks. */
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/** Linux counts processor time in hundredths of a second, and every machine we run on has pages of 4 KiB. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** PURE. The line of /proc/<pid>/stat; the name in it may contain spaces and brackets. */
export function parseStat(line: string): ProcessStat {
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const at = (index: number): number => Number(fields[index - 3]);
  return { pid, parent: at(4), cpuTicks: at(14) + at(15), residentPages: at(24) };
}

/** PURE. What a process is called in tables: its container, and its program where a container has several. */
export function processName(container: string, cluster: string, commandLine: string): string {
  const short = container.replace(`${cluster}-`, "");
  if (short !== "orchestrator") return short;
  const program = /(\w+)\/main\.ts/.exec(commandLine)?.[1];
  return program ?? "init";
}

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export type UsageByProcess = ReadonlyMap<string, Usage>;

/** Of every process in the containers, those of one name added up. */
export function usageOf(containers: readonly Container[], cluster: string): UsageByProcess {
  const all = allProcesses();
  const usage = new Map<string, Usage>();
  for (const { name, pid } of containers)
    for (const stat of familyOf(pid, all)) {
      const called = processName(name, cluster, commandLineOf(stat.pid));
      const before = usage.get(called) ?? { cpuSeconds: 0, residentBytes: 0 };
      usage.set(called, {
        cpuSeconds: before.cpuSeconds + stat.cpuTicks / ticksPerSecond,
        residentBytes: before.residentBytes + stat.residentPages * pageBytes,
      });
    }
  return usage;
}

/** PURE. A process with all its descendants. */
export function familyOf(pid: number, all: readonly ProcessStat[]): readonly ProcessStat[] {
  const own = all.filter((stat) => stat.pid === pid);
  const children = all.filter(({ parent }) => parent === pid);
  return [...own, ...children.flatMap((child) => familyOf(child.pid, all))];
}

/** PURE. Percent of one core between two looks. A process that was not there before counts from its start. */
export function cpuPercent(
  before: UsageByProcess,
  after: UsageByProcess,
  seconds: number,
): Readonly<Record<string, number>> {
  const percent: Record<string, number> = {};
  for (const [name, { cpuSeconds }] of after) {
    const used = ((cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)) / seconds) * 100;
    percent[name] = Math.max(0, Math.round(used * 10) / 10);
  }
  return percent;
}

function allProcesses(): readonly ProcessStat[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const line = contentOf(`/proc/${pid}/stat`);
    return line === "" ? [] : [parseStat(line)];
  });
}

const commandLineOf = (pid: number): string => contentOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ");

/** Empty when the process is gone meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
