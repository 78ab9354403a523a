// Runs the test files, some at the same time; unit tests of a folder share a process. Those of a cluster mostly wait for it, and each
// kind has a cluster of its own, through which its files go one by one in the order given, which `node --test` does not keep. What
// needs the processor and no cluster fills the places that become free, so that none is empty at the end.
// Tests of several hosts come last and alone: three engines, brokers and ZooKeeper servers would disturb the others.
// One report: what was begun first comes first; then what failed, all together, so that it stands near the end of a long output;
// how long each kind took; and the runner's closing counts of all as the last lines.
// Called by `./dbaas test`.
import { join, relative, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { ClosingCounts } from "./support/closing-counts.ts";
import { startWithImageThreads } from "./support/image-threads.ts";
import { processesOf, type TestProcess } from "./support/processes.ts";

/** No process takes this long, on a busy machine either: a test that does hangs, and fails by name. */
const timeoutMs = 20 * 60_000;
/**
 * The runner fails a test in time, and then waits for a process that something keeps open. Such a one is ended: the others must still be
 * run and counted.
 */
const endedAfterMs = timeoutMs + 60_000;

/** On two processors a fourth cluster would disturb the others. */
const places = 3;

startWithImageThreads();
// Each process would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", "node_modules", ".cache", "node");

/** Those that share a cluster, or a broker, in the order in which they begin: the longest first. */
const sharing = ["torture", "journeys", "e2e", "integration"] as const;

const kindOf = (file: string): string => {
  const folder = /\/test\/(\w+)\//.exec(file)?.[1] ?? "";
  return [...sharing, "hosts"].includes(folder) ? folder : "no cluster";
};
const files = process.argv.slice(2).map((file) => resolve(file));
const processesOfKind = (kind: string): readonly TestProcess[] =>
  processesOf(files.filter((file) => kindOf(file) === kind));

/** Processes that run one after the other, and what they report. */
class Job {
  readonly kind: string;
  readonly events = new PassThrough({ objectMode: true });
  /** Of each process that has ended, by its first file. */
  readonly tookMs = new Map<string, number>();
  readonly #processes: readonly TestProcess[];

  constructor(kind: string, processes: readonly TestProcess[]) {
    this.kind = kind;
    this.#processes = processes;
  }

  async run(): Promise<void> {
    try {
      for (const one of this.#processes) {
        const beganMs = performance.now();
        const signal = AbortSignal.timeout(endedAfterMs);
        for await (const event of run({ ...one, concurrency: 1, timeout: timeoutMs, signal }))
          this.events.write(event);
        this.tookMs.set(called(one), performance.now() - beganMs);
      }
      this.events.end();
    } catch (error) {
      this.events.destroy(error as Error);
    }
  }
}

function called({ files: [file = ""], argv: [first] }: TestProcess): string {
  const named = (path: string): string => relative(import.meta.dirname, path);
  return first === undefined ? named(file) : `${named(first)} and others`;
}

const longestTold = 5;

/** `e2e: 512 s, of them e2e/outages.test.ts 120 s, …` */
function timesInWords(kind: string, jobs: readonly Job[]): string {
  const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
  const each = jobs.flatMap(({ tookMs }) => [...tookMs]).sort(([, a], [, b]) => b - a);
  const all = each.reduce((sum, [, ms]) => sum + ms, 0);
  const longest = each.slice(0, longestTold).map(([name, ms]) => `${name} ${seconds(ms)}`);
  return `${kind}: ${seconds(all)}, of them ${longest.join(", ")}`;
}

const told = (message: string): TestEvent =>
  ({ type: "test:diagnostic", data: { nesting: 0, message, level: "info" } }) as TestEvent;

const startedAtMs = performance.now();
const report = new spec();
report.pipe(process.stdout);
const counts = new ClosingCounts();
const waiting = [
  ...sharing.map((kind) => new Job(kind, processesOfKind(kind))),
  ...processesOfKind("no cluster").map((one) => new Job("no cluster", [one])),
];
const hosts = new Job("hosts", processesOfKind("hosts"));
const jobs = [...waiting, hosts];
const place = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.run();
};
void Promise.all(Array.from({ length: places }, place)).then(() => hosts.run());
for (const { events } of jobs)
  for await (const event of events as AsyncIterable<TestEvent>) {
    if (event.type === "test:fail" && (event.data.todo === undefined || event.data.todo === false))
      process.exitCode = 1;
    if (!counts.take(event) && event.type !== "test:summary") report.write(event);
  }
// The reporter tells what failed when it hears that a run has ended: it is told of one end, after the last process.
report.write({ type: "test:summary", data: {} });
for (const kind of new Set(jobs.map(({ kind }) => kind))) {
  const ofKind = jobs.filter((job) => job.kind === kind && job.tookMs.size > 0);
  if (ofKind.length > 0) report.write(told(timesInWords(kind, ofKind)));
}
for (const event of counts.events(performance.now() - startedAtMs)) report.write(event);
report.end();
