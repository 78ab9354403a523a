// Which test files share a process: to start Node.js and load the sources takes longer than most tests.
import { join, resolve } from "node:path";

/** For node's test runner: a file, and what it gets as arguments. */
export interface TestProcess {
  readonly files: string[];
  readonly argv: string[];
}

/** Those of a folder need the same sources. What stands outside of these looks at its process, or mostly starts others. */
const sharing =
  /\/test\/unit\/(api|attacks|cli|client|controller|core|dashboard|fakes|house-rules|platform|rideshare|support|tools|worker(?:\/\w+(?=\/))?)\//;

const together = join(import.meta.dirname, "..", "together.ts");

/** @returns the processes that run these files, in the order of the first file of each */
export function processesOf(files: readonly string[]): readonly TestProcess[] {
  const groups = new Map<string, string[]>();
  for (const file of files.map((file) => resolve(file))) {
    const shared = sharing.exec(file)?.[1] ?? file;
    groups.set(shared, [...(groups.get(shared) ?? []), file]);
  }
  return [...groups.values()].map((group) =>
    group.length === 1 ? { files: group, argv: [] } : { files: [together], argv: group },
  );
}
