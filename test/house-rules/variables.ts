// PURE. The variables that the programs read from their environment stand in the documents for those who start them, and the documents
// name none that no program reads.
import { numbered, type Tree, type Violation } from "./tree.ts";

export interface VariableRules {
  /** The folders of the programs. */
  readonly programs: readonly string[];
  /** Where variables are told of: the first document whose pattern matches the name has it. */
  readonly documents: Readonly<Record<string, RegExp>>;
  /** Not for who starts a program; with the reason. */
  readonly inner: Readonly<Record<string, string>>;
}

interface Read {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** `variable(env, "NAME"`, `env.NAME` unless it is set, `const { NAME } = env`. */
const reads = [
  /\bvariable\(\s*[\w.]+,\s*"(?<name>[A-Z][A-Z0-9_]+)"/g,
  /\b(?:env|environment)\.(?<name>[A-Z][A-Z0-9_]+)\b(?!\s*=[^=])/g,
  /\{(?<names>[^{}]*)\}\s*=\s*(?:process\.)?env\b/g,
] as const;

function readIn(file: string, text: string): readonly Read[] {
  return reads.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap(({ index, groups }) => {
      const line = text.slice(0, index).split("\n").length;
      const names = (groups?.name ?? groups?.names ?? "").match(/\b[A-Z][A-Z0-9_]+\b/g) ?? [];
      return names.map((name) => ({ file, line, name }));
    }),
  );
}

export function untoldVariables(
  tree: Tree,
  { programs, documents, inner }: VariableRules,
): readonly Violation[] {
  const read = [...tree].flatMap(([file, text]) =>
    file.endsWith(".ts") && programs.some((program) => file.startsWith(`${program}/`))
      ? readIn(file, text)
      : [],
  );
  const known = new Set(read.map(({ name }) => name));
  const placeOf = (name: string) =>
    Object.keys(documents).find((document) => documents[document]?.test(name));
  const untold = read.flatMap(({ file, line, name }): readonly Violation[] => {
    const place = placeOf(name);
    if (name in inner || place === undefined || isTold(tree.get(place) ?? "", name)) return [];
    const remedy =
      "tell of it there, or name it in test/house-rules/house.ts if only our own programs set it";
    return [{ file, line, problem: `${name} does not stand in ${place}`, remedy }];
  });
  const gone = Object.keys(inner)
    .filter((name) => !known.has(name))
    .map((name) => {
      const problem = `no program reads ${name}`;
      return { file: "test/house-rules/house.ts", line: 1, problem, remedy: "remove it from its table" };
    });
  return [...untold, ...gone, ...Object.keys(documents).flatMap((file) => unread(tree, file, known))];
}

const isTold = (document: string, name: string): boolean =>
  new RegExp(`(?<![A-Z0-9_])${name}(?![A-Z0-9_])`).test(document);

/** In the table whose first column is headed `variable`. */
function unread(tree: Tree, file: string, known: ReadonlySet<string>): readonly Violation[] {
  const found: Violation[] = [];
  let isInTable = false;
  for (const [line, content] of numbered(tree.get(file) ?? "")) {
    if (content.startsWith("| variable | program ")) isInTable = true;
    else if (!content.startsWith("|")) isInTable = false;
    else if (isInTable)
      for (const [, name = ""] of (content.split("|")[1] ?? "").matchAll(/`([A-Z][A-Z0-9_]+)`/g))
        if (!known.has(name))
          found.push({ file, line, problem: `no program reads ${name}`, remedy: "remove it" });
  }
  return found;
}
