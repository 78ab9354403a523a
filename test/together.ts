// The test files that it is given, in one process. Each is a suite: what it prepares is prepared for its own tests alone.
import { describe } from "node:test";
import { pathToFileURL } from "node:url";

for (const file of process.argv.slice(2))
  describe(file, async () => {
    await import(pathToFileURL(file).href);
  });
