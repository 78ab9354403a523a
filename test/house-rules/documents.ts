// PURE. What documents and comments name must be there: files, headings and tests.
import type { Source } from "./syntax.ts";
import { numbered, type Tree, type Violation } from "./tree.ts";

const isDocument = (path: string): boolean => path.endsWith(".md");

const link = /\[[^\]]*\]\(([^)\s]+)\)/g;

export function brokenLinks(tree: Tree): readonly Violation[] {
  const found: Violation[] = [];
  for (const [file, text] of tree) {
    if (!isDocument(file)) continue;
    for (const [line, content] of numbered(text)) {
      for (const [, target = ""] of content.matchAll(link)) {
        const problem = /^[a-z]+:/.test(target) ? undefined : linkProblem(tree, file, target);
        if (problem) found.push({ file, line, problem, remedy: "mend or remove the link" });
      }
    }
  }
  return found;
}

function linkProblem(tree: Tree, from: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : resolve(from, path);
  if (!isThere(tree, file)) return `the link leads to ${file}, which does not exist`;
  if (anchor === undefined || !isDocument(file)) return undefined;
  return headings(tree.get(file) ?? "").has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

const headings = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );

/** A path seen from the folder of a file. */
function resolve(from: string, path: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

const isThere = (tree: Tree, path: string): boolean =>
  path === "" ||
  tree.has(path) ||
  [...tree.keys()].some((file) => file.startsWith(`${path.replace(/\/$/, "")}/`));

/** Lines that hold a comment, by the end of the file's name. */
const comments: readonly (readonly [file: RegExp, line: RegExp])[] = [
  [/\.ts$/, /^\s*(\/\/|\/?\*)/],
  [/\.(sh|ya?ml|conf|cfg)$|(^|\/)(Dockerfile|dbaas|\.dockerignore|\.gitignore)$/, /^\s*#/],
  [/\.css$/, /^\s*(\/?\*)/],
];

const quoted = /`([^`\s]+)`/g;
const fileName = /^[\w.@*-]+\.(ts|md|sh|ya?ml|css|html|conf|cfg|patch)$/;

/** `others` are names that look like files of the repository and are none. */
export function missingPaths(tree: Tree, others: Readonly<Record<string, string>>): readonly Violation[] {
  const rooms = new Set(
    [...tree.keys()].filter((path) => path.includes("/")).map((path) => path.split("/")[0]),
  );
  const names = new Set([...tree.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1)));
  const looksLikePath = (text: string): boolean => {
    if (/[<>$:{}=?]|^\//.test(text)) return false;
    const [first] = text.split("/");
    return text.includes("/")
      ? rooms.has(first) || fileName.test(text.split("/").at(-1) ?? "")
      : fileName.test(text);
  };
  const found: Violation[] = [];
  for (const [file, text] of tree) {
    const comment = comments.find(([kind]) => kind.test(file))?.[1];
    if (!comment && !isDocument(file)) continue;
    for (const [line, content] of numbered(text)) {
      if (comment && !comment.test(content)) continue;
      for (const [, path = ""] of content.matchAll(quoted)) {
        if (!looksLikePath(path) || path in others || isNamed(tree, names, file, path)) continue;
        const remedy =
          "correct the path, or name it in test/house-rules/house.ts if it is no file of the repository";
        found.push({ file, line, problem: `there is no \`${path}\``, remedy });
      }
    }
  }
  return found;
}

function isNamed(tree: Tree, names: ReadonlySet<string>, from: string, path: string): boolean {
  if (path.includes("*")) {
    const pattern = new RegExp(`(^|/)${path.replace(/[.+]/g, "\\$&").replaceAll("*", "[^/]*")}$`);
    return [...tree.keys()].some((file) => pattern.test(file));
  }
  return path.includes("/") ? isThere(tree, path) || isThere(tree, resolve(from, path)) : names.has(path);
}

const italics = /(?<![*\w])\*([^*]+)\*(?![*\w])/g;

/** In the tables of `document`, what stands in italics is the name of a test: its title, with its suites' before it if need be. */
export function unknownTests(tree: Tree, sources: readonly Source[], document: string): readonly Violation[] {
  const known = testNames(sources);
  const found: Violation[] = [];
  for (const [line, content] of numbered(tree.get(document) ?? "")) {
    if (!content.startsWith("|")) continue;
    for (const [, name = ""] of content.matchAll(italics)) {
      if (known.names.has(name) || known.patterns.some((pattern) => pattern.test(name))) continue;
      const remedy = "write the name of a test in full, with the suite's before it if need be";
      found.push({ file: document, line, problem: `no test is called "${name}"`, remedy });
    }
  }
  return found;
}

interface TestNames {
  readonly names: ReadonlySet<string>;
  /** Of those that are filled in when they run. */
  readonly patterns: readonly RegExp[];
}

function testNames(sources: readonly Source[]): TestNames {
  const names = new Set<string>();
  for (const { tests } of sources)
    for (const { titles } of tests)
      for (let from = 0; from < titles.length; from += 1) names.add(titles.slice(from).join(" "));
  // One that is hardly more than what is filled in would be every name.
  const filledIn = [...names].filter((name) => name.includes("…") && name.replaceAll("…", "").length > 12);
  const escaped = (name: string) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".+");
  return { names, patterns: filledIn.map((name) => new RegExp(`^${escaped(name)}$`)) };
}
