// All that can be said without Docker, in about a minute on two cores: types, style, house rules, unit tests, and 200 seeds
// of the simulation.
//
//   npm run check                          everything
//   npm run check -- worker/write          the tests of one folder or file, without types and style
//   npm run check -- "a slave that lags"   the tests of that name
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { run } from "node:test";
import { dot, type TestEvent } from "node:test/reporters";
import { startWithImageThreads } from "./support/image-threads.ts";
import { processesOf } from "./support/processes.ts";

process.env.SIM_SEEDS ??= "200";
process.env.SIM_SECONDS ??= "50";
startWithImageThreads();
// Each process would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", "node_modules", ".cache", "node");

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  const child = spawn(program, args, { stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code === 0;
}

const installed = (program: string, ...args: readonly string[]) =>
  succeeds(join(import.meta.dirname, "..", "node_modules", ".bin", program), ...args);

/** No process takes this long, also on a busy machine; what hangs is named. */
const processTimeoutMs = 8 * 60_000;

/** Some wait for most of their time: one more than there are processors. */
const atOnce = availableParallelism() + 1;

/** @param name only tests whose names hold it. @returns false, with a reason told, when one failed or there was none to run */
async function runTests(files: readonly string[], name?: string): Promise<boolean> {
  const startedAtMs = performance.now();
  const counts = { passed: 0, failed: 0 };
  const events = new PassThrough({ objectMode: true });
  const shown = show(dot(events as unknown as EventSource));
  const waiting = [...processesOf(files)];
  const runAll = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      for await (const event of run({ ...next, ...only(name), timeout: processTimeoutMs })) {
        if (event.type === "test:pass" && isCounted(event.data)) counts.passed += 1;
        if (event.type === "test:fail" && isCause(event.data)) counts.failed += 1;
        events.write(event);
      }
  };
  await Promise.all(Array.from({ length: atOnce }, runAll));
  events.end();
  // Which tests failed, and why, is the last that it says.
  await shown;
  if (counts.passed + counts.failed === 0)
    console.error(`no test was run${name === undefined ? "" : `: none is called "${name}"`}`);
  const tookSeconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  console.log(`\n${counts.passed} tests passed, ${counts.failed} failed, in ${tookSeconds} s`);
  return counts.failed === 0 && counts.passed > 0;
}

const only = (name: string | undefined) => (name === undefined ? {} : { testNamePatterns: [escaped(name)] });

type EventSource = Parameters<typeof dot>[0];
type Ended = Extract<TestEvent, { type: "test:pass" | "test:fail" }>["data"];

const isCounted = ({ skip, details }: Ended): boolean => skip === undefined && details.type !== "suite";

/** A suite fails by itself where its file cannot be loaded or its preparation fails. */
const isCause = ({ details }: Extract<TestEvent, { type: "test:fail" }>["data"]): boolean =>
  details.type !== "suite" ||
  (details.error as Error & { failureType?: string }).failureType !== "subtestsFailed";

async function show(dots: AsyncIterable<string>): Promise<void> {
  for await (const text of dots) process.stdout.write(text);
}

const filesUnder = (...folders: readonly string[]) =>
  folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).sort();

/** A folder or file of sources stands for its tests; where none mirrors it, for those that import it. */
function filesOf(place: string): readonly string[] {
  const bare = place.replace(/(\.test)?\.ts$/, "").replace(/\/$/, "");
  const mirrored = [bare, `test/unit/${bare}`, `test/${bare}`].flatMap((path) => [
    ...(existsSync(`${path}.test.ts`) ? [`${path}.test.ts`] : []),
    ...filesUnder(path),
  ]);
  return mirrored.length > 0
    ? mirrored
    : filesThatSay(existsSync(`${bare}.ts`) ? `/${bare}.ts"` : `/${bare}/`);
}

/** Files are looked through first, for loading all of them takes longer than most tests. */
const filesThatSay = (text: string): readonly string[] =>
  filesUnder("test/unit", "test/simulation").filter((file) => readFileSync(file, "utf8").includes(text));

const isPlace = (asked: string): boolean => /\/|\.ts$/.test(asked) || existsSync(asked);

async function checkOnly(asked: string): Promise<boolean> {
  const files = isPlace(asked) ? filesOf(asked) : filesThatSay(asked);
  if (files.length > 0) return runTests(files, isPlace(asked) ? undefined : asked);
  console.error(isPlace(asked) ? `there are no tests of ${asked}` : `no test file says "${asked}"`);
  return false;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

async function checkAll(): Promise<boolean> {
  // Properties that take seconds get fewer random values; `./dbaas test` tries all of them.
  process.env.TEST_SHARE ??= "0.2";
  const looked = await Promise.all([
    // The tests take the other processors: several threads would look at what they share several times.
    installed("tsc", "--singleThreaded", "-p", "tsconfig.json"),
    installed("tsc", "--singleThreaded", "-p", "dashboard/tsconfig.json"),
    installed("biome", "check", "."),
  ]);
  // The longest first, nobody waits for it alone in the end: the simulation, those that mostly wait, then the worker's.
  const waiting = filesUnder("test/unit/api", "test/unit/cli", "test/unit/platform");
  const others = filesUnder("test/unit").filter((file) => !waiting.includes(file));
  const isTested = await runTests([simulation, ...waiting, ...others.reverse()]);
  if (!looked.every(Boolean)) console.error("types or style are not as they must be: see above");
  return isTested && looked.every(Boolean);
}

const simulation = "test/simulation/simulation.test.ts";
const asked = process.argv.slice(2);
let isGood = asked.length > 0 || (await checkAll());
for (const one of asked) isGood = (await checkOnly(one)) && isGood;
process.exitCode = isGood ? 0 : 1;
