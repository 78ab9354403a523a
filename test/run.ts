// Runs the test files in lanes at the same time, each file by file in the order given, which `node --test` does not keep.
// Those with a cluster mostly wait for it, each lane for one of its own; what needs the processor meanwhile are the others.
// One report: a lane's as it comes, then the next one's, and the runner's closing counts of all as the last lines.
// Tests of several hosts come last and alone: three engines, brokers and ZooKeeper servers would disturb the others.
// Called by `./dbaas test`.
import { join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ClosingCounts } from "./support/closing-counts.ts";

/** No file takes this long; one that does hangs, and the others must still be run and counted. */
const fileTimeoutMs = 15 * 60_000;

// Each file is a program of its own, which would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", "node_modules", ".cache", "node");

/** By folder. Torture, with a cluster of its own, follows the journeys: on two processors a fourth lane would disturb the others. */
const lanes = new Map([
  ["e2e", "e2e"],
  ["journeys", "journeys"],
  ["torture", "journeys"],
  ["hosts", "hosts"],
]);
const laneOf = (file: string): string => lanes.get(/\/test\/(\w+)\//.exec(file)?.[1] ?? "") ?? "no cluster";
const files = process.argv.slice(2).map((file) => resolve(file));
const started = (names: readonly string[]) =>
  names
    .map((name) => files.filter((file) => laneOf(file) === name))
    .filter((lane) => lane.length > 0)
    .map((lane) => run({ files: lane, concurrency: 1, timeout: fileTimeoutMs }));

const report = new spec();
report.pipe(process.stdout);
const counts = new ClosingCounts();
for (const names of [["no cluster", "e2e", "journeys"], ["hosts"]])
  for (const lane of started(names))
    for await (const event of lane) {
      if (event.type === "test:fail" && (event.data.todo === undefined || event.data.todo === false))
        process.exitCode = 1;
      if (!counts.take(event)) report.write(event);
    }
for (const event of counts.events()) report.write(event);
report.end();
