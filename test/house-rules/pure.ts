// PURE. What a file that says PURE at its head, or stands in core/, must not do.
import type { Source } from "./syntax.ts";
import type { Violation } from "./tree.ts";

/** What of an outside package is pure, by package. */
export type PureParts = Readonly<Record<string, readonly string[]>>;

const isPure = ({ path, head }: Source): boolean =>
  path.startsWith("core/") || /(^\/\/ |\. )PURE\b/m.test(head);

export function impureParts(sources: readonly Source[], allowed: PureParts): readonly Violation[] {
  const pure = new Set(sources.filter(isPure).map(({ path }) => path));
  const found: Violation[] = [];
  for (const source of sources.filter(({ path }) => pure.has(path))) {
    const add = (line: number, problem: string, remedy: string) =>
      found.push({ file: source.path, line, problem, remedy });
    for (const { line, what } of source.impurities)
      add(line, `a PURE file uses ${what}`, "take it as an argument, or move the effect to the caller");
    for (const { line, file, package: outside, values } of source.imports) {
      if (values.length === 0) continue;
      if (file && !pure.has(file))
        add(line, `a PURE file imports ${file}, which is not`, "import types only, or make that file PURE");
      const impure = outside ? values.filter((name) => !allowed[outside]?.includes(name)) : [];
      if (impure.length > 0)
        add(
          line,
          `a PURE file imports ${impure.join(", ")} from ${outside}`,
          "take the result as an argument",
        );
    }
  }
  return found;
}
