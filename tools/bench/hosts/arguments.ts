// PURE. The command line of the bench over hosts; `./dbaas bench --help` explains it.
import { parseArgs } from "node:util";

const runs = { default: 5, max: 50 } as const;

/** @returns how often everything is measured. @throws TypeError or Error in words for the user */
export function runsFrom(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: { hosts: { type: "string" }, runs: { type: "string", default: String(runs.default) } },
  });
  if (values.hosts !== "3") throw new Error("--hosts must be 3");
  const count = Number(values.runs);
  if (!Number.isInteger(count) || count < 1 || count > runs.max)
    throw new Error(`--runs must be a whole number from 1 to ${runs.max}`);
  return count;
}
