// Runs the test files in two lanes at the same time, each file by file in the order given, which `node --test` does not
// keep. The end-to-end tests mostly wait for the system; what needs the processor meanwhile is the other lane. One report:
// the first lane's as it comes, then the second's, and the runner's closing counts of both as the last lines.
// Called by `./dbaas test`.
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { ClosingCounts } from "./support/closing-counts.ts";

/** No file takes this long; one that does hangs, and the others must still be run and counted. */
const fileTimeoutMs = 15 * 60_000;

const isEndToEnd = (file: string): boolean => file.includes("/e2e/");
const files = process.argv.slice(2).map((file) => resolve(file));
const lanes = [files.filter((file) => !isEndToEnd(file)), files.filter(isEndToEnd)]
  .filter((lane) => lane.length > 0)
  .map((lane) => run({ files: lane, concurrency: 1, timeout: fileTimeoutMs }));

const report = new spec();
report.pipe(process.stdout);
const counts = new ClosingCounts();
for (const lane of lanes)
  for await (const event of lane) {
    if (event.type === "test:fail" && (event.data.todo === undefined || event.data.todo === false))
      process.exitCode = 1;
    if (!counts.take(event)) report.write(event);
  }
for (const event of counts.events()) report.write(event);
report.end();
