// All that can be said without Docker, in about a minute on two cores: types, style, house rules, unit tests, and some hundred seeds
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
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { dot } from "node:test/reporters";

process.env.SIM_SEEDS ??= "300";
process.env.SIM_SECONDS ??= "40";
// Each test file is a program of its own, which would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", "node_modules", ".cache", "node");

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  const child = spawn(program, args, { stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code === 0;
}

const npx = (...args: readonly string[]) => succeeds("npx", "--no-install", ...args);

/** No file takes this long, also on a busy machine; one that hangs is named. */
const fileTimeoutMs = 4 * 60_000;

/** @param name only tests whose names hold it. @returns false, with a reason told, when one failed or there was none to run */
async function runTests(files: readonly string[], name?: string): Promise<boolean> {
  const startedAtMs = performance.now();
  const tests = run({
    files: [...files],
    concurrency: availableParallelism(),
    timeout: fileTimeoutMs,
    ...(name === undefined ? {} : { testNamePatterns: [escaped(name)] }),
  });
  let passed = 0;
  let failed = 0;
  tests.on("test:pass", ({ skip, details }) => {
    if (skip === undefined && details.type !== "suite") passed += 1;
  });
  tests.on("test:fail", ({ details }) => {
    if (details.type !== "suite") failed += 1;
  });
  const dots = tests.compose(dot);
  dots.pipe(process.stdout, { end: false });
  // Which tests failed, and why, is the last that it says.
  await finished(dots);
  if (passed + failed === 0)
    console.error(`no test was run${name === undefined ? "" : `: none is called "${name}"`}`);
  const tookSeconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
  console.log(`\n${passed} tests passed, ${failed} failed, in ${tookSeconds} s`);
  return failed === 0 && passed > 0;
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
    npx("tsc", "-p", "tsconfig.json"),
    npx("tsc", "-p", "dashboard/tsconfig.json"),
    npx("biome", "check", "."),
  ]);
  // The longest first: nobody waits for it alone in the end.
  const isTested = await runTests([simulation, ...filesUnder("test/unit")]);
  if (!looked.every(Boolean)) console.error("types or style are not as they must be: see above");
  return isTested && looked.every(Boolean);
}

const simulation = "test/simulation/simulation.test.ts";
const asked = process.argv.slice(2);
let isGood = asked.length > 0 || (await checkAll());
for (const one of asked) isGood = (await checkOnly(one)) && isGood;
process.exitCode = isGood ? 0 : 1;
