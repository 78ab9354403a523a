// Whether this machine can simulate hosts.
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Three engines, brokers, ZooKeeper servers and orchestrators, and the workers. */
const memoryNeededMib = 6_144;
const programsNeeded = ["ip", "nsenter", "unshare", "dockerd"] as const;

/** @returns null where it can, else why not */
export function whyNoHosts(): string | null {
  if (process.platform !== "linux") return "simulated hosts need Linux";
  if (process.getuid?.() !== 0) return "simulated hosts need root";
  const missing = programsNeeded.filter((program) => !isInstalled(program));
  if (missing.length > 0) return `simulated hosts need ${missing.join(", ")}`;
  const mib = availableMib();
  if (mib < memoryNeededMib)
    return `simulated hosts need ${memoryNeededMib} MiB of free memory; there are ${mib}`;
  return null;
}

const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

function availableMib(): number {
  const [, kib] = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8")) ?? [];
  return Math.floor(Number(kib ?? 0) / 1024);
}
