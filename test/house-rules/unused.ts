// PURE. Exports that no other file imports, and files that no other file imports and nothing starts.
import { isTest } from "./rooms.ts";
import type { Source } from "./syntax.ts";
import type { Violation } from "./tree.ts";

/** A type is used as well when something exported beside it names it. */
export function unusedExports(sources: readonly Source[]): readonly Violation[] {
  const used = new Set<string>();
  const usedWhole = new Set<string>();
  for (const { imports } of sources) {
    for (const { file, names, all } of imports) {
      if (file && all) usedWhole.add(file);
      for (const name of names) used.add(`${file}#${name}`);
    }
  }
  for (const { path, exports } of sources)
    for (const { name, types } of exports)
      for (const type of types) if (type !== name) used.add(`${path}#${type}`);
  return sources.flatMap(({ path, exports }) =>
    exports
      .filter(({ name }) => !usedWhole.has(path) && !used.has(`${path}#${name}`))
      .map(({ name, kind, line }) => {
        const remedy = "drop the word export, or the whole if its own file does not use it either";
        return { file: path, line, problem: `no other file imports the ${kind} ${name}`, remedy };
      }),
  );
}

/** What starts by itself: programs and tests. */
const entry = /(^|\/)main\.ts$|\.test\.ts$/;

/** `started` names files that something else than an import starts. */
export function unusedFiles(
  sources: readonly Source[],
  started: Readonly<Record<string, string>>,
): readonly Violation[] {
  const users = new Map<string, string[]>();
  for (const { path, imports } of sources)
    for (const { file } of imports) if (file) users.set(file, [...(users.get(file) ?? []), path]);
  return sources.flatMap(({ path }) => {
    if (entry.test(path) || path in started) return [];
    const importers = users.get(path) ?? [];
    if (isTest(path) ? importers.length > 0 : importers.some((one) => !isTest(one))) return [];
    const problem = importers.length > 0 ? "only tests import this file" : "no file imports this one";
    const remedy =
      importers.length > 0 ? "move it to test/, or use it" : "remove it, or say in house.ts what starts it";
    return [{ file: path, line: 1, problem, remedy }];
  });
}
