// Runs test files one after the other in the order they are given, which `node --test` does not keep: what is quick comes
// first, and taking the cluster down comes last. Called by `./dbaas test`; the closing counts are the last lines it prints.
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

/** No file takes this long; one that does hangs, and the others must still be run and counted. */
const fileTimeoutMs = 15 * 60_000;

const files = process.argv.slice(2).map((file) => resolve(file));
const results = run({ files, concurrency: 1, timeout: fileTimeoutMs });
results.on("test:fail", ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
results.compose(new spec()).pipe(process.stdout);
