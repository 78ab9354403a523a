// PURE. How long files and functions may be. The exceptions may only shrink: one that is not needed any more must go.
import type { Source } from "./syntax.ts";
import type { Tree, Violation } from "./tree.ts";

const longest = { fileLines: 300, functionLines: 50 } as const;

/** Path, or `path#function`, to the most lines it may have. */
export type SizeExceptions = Readonly<Record<string, number>>;

const table = "test/house-rules/exceptions.ts";

export function longFiles(tree: Tree, exceptions: SizeExceptions): readonly Violation[] {
  const sizes = [...tree]
    .filter(([path]) => path.endsWith(".ts"))
    .map(([path, text]) => {
      return { key: path, file: path, line: 1, lines: text.replace(/\n$/, "").split("\n").length };
    });
  return tooLong(sizes, longest.fileLines, exceptions, "split the file by subject");
}

export function longFunctions(sources: readonly Source[], exceptions: SizeExceptions): readonly Violation[] {
  const sizes = sources.flatMap(({ path, functions }) =>
    functions
      .filter(({ suite }) => !suite)
      .map(({ name, line, lines }) => ({ key: `${path}#${name}`, file: path, line, lines })),
  );
  return tooLong(sizes, longest.functionLines, exceptions, "name its parts as functions of their own");
}

interface Size {
  readonly key: string;
  readonly file: string;
  readonly line: number;
  readonly lines: number;
}

function tooLong(
  sizes: readonly Size[],
  limit: number,
  exceptions: SizeExceptions,
  remedy: string,
): readonly Violation[] {
  const found: Violation[] = [];
  const needed = new Set<string>();
  for (const { key, file, line, lines } of sizes) {
    if (lines > limit) needed.add(key);
    const most = exceptions[key] ?? limit;
    const name = key.includes("#") ? key.slice(key.indexOf("#") + 1) : "the file";
    if (lines > most)
      found.push({ file, line, problem: `${name} has ${lines} lines, ${most} are allowed`, remedy });
  }
  for (const key of Object.keys(exceptions)) {
    if (!needed.has(key))
      found.push({
        file: table,
        line: 1,
        problem: `${key} needs no exception`,
        remedy: "remove it from the table",
      });
  }
  return found;
}
