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

const env = {
  SIM_SEEDS: "300",
  SIM_SECONDS: "20",
  /** Each test file is a program of its own, which would compile the same sources again. */
  NODE_COMPILE_CACHE: join(import.meta.dirname, "..", "node_modules", ".cache", "node"),
  ...process.env,
};

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  const child = spawn(program, args, { stdio: "inherit", env });
  const [code] = await once(child, "exit");
  return code === 0;
}

const npx = (...args: readonly string[]) => succeeds("npx", "--no-install", ...args);

const runTests = (files: readonly string[], ...options: readonly string[]) =>
  succeeds(
    process.execPath,
    "--test",
    "--test-reporter=dot",
    `--test-concurrency=${availableParallelism()}`,
    ...options,
    ...files,
  );

const filesUnder = (...folders: readonly string[]) =>
  folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`)).sort();

/** A folder or file of sources stands for its tests. */
function filesOf(place: string): readonly string[] {
  const bare = place.replace(/(\.test)?\.ts$/, "").replace(/\/$/, "");
  return [bare, `test/unit/${bare}`, `test/${bare}`].flatMap((path) => [
    ...(existsSync(`${path}.test.ts`) ? [`${path}.test.ts`] : []),
    ...filesUnder(path),
  ]);
}

/** Files are looked through first, for loading all of them takes longer than most tests. */
const filesThatSay = (name: string): readonly string[] =>
  filesUnder("test/unit", "test/simulation").filter((file) => readFileSync(file, "utf8").includes(name));

async function checkOnly(asked: string): Promise<boolean> {
  const files = filesOf(asked);
  if (files.length > 0) return runTests(files);
  const saying = filesThatSay(asked);
  if (saying.length > 0) return runTests(saying, `--test-name-pattern=${escaped(asked)}`);
  console.error(`no folder, no file and no test is called "${asked}"`);
  return false;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

async function checkAll(): Promise<boolean> {
  const looked = await Promise.all([
    npx("tsc", "-p", "tsconfig.json"),
    npx("tsc", "-p", "dashboard/tsconfig.json"),
    npx("biome", "check", "."),
  ]);
  return (await runTests(filesUnder("test/unit", "test/simulation"))) && looked.every(Boolean);
}

const asked = process.argv.slice(2);
const passed = asked.length === 0 ? [await checkAll()] : await Promise.all(asked.map(checkOnly));
process.exitCode = passed.every(Boolean) ? 0 : 1;
