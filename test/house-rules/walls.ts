// PURE. Which room may import which, which file may import which package of the outside, and no circles.
import { circleEdges, type Edge } from "./circles.ts";
import { isUnderTest } from "./rooms.ts";
import type { Import, Source } from "./syntax.ts";
import type { Violation } from "./tree.ts";

const room = (path: string): string => path.split("/")[0] ?? "";

/** What each room may import beside itself. A room that is not named here is unknown: add it with its reason. */
export interface Walls {
  readonly [room: string]: readonly string[];
}

export function crossedWalls(sources: readonly Source[], walls: Walls): readonly Violation[] {
  const found: Violation[] = [];
  for (const { path, imports } of sources) {
    const allowed = walls[room(path)];
    if (!allowed) {
      const remedy = "add its folder to the walls in test/house-rules/house.ts, or move the file";
      found.push({ file: path, line: 1, problem: `the folder ${room(path)}/ is not known`, remedy });
      continue;
    }
    for (const { file, line } of imports) {
      if (!file || room(file) === room(path) || allowed.includes(room(file))) continue;
      const problem = `${room(path)}/ may not import ${file}`;
      const remedy = "move what both need to core/ or platform/, or hand it in as an argument";
      found.push({ file: path, line, problem, remedy });
    }
  }
  return found;
}

/** Room to the packages that its files must not load, through however many others. */
export type Unloaded = Readonly<Record<string, readonly string[]>>;

export function loadedPackages(sources: readonly Source[], unloaded: Unloaded): readonly Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return Object.entries(unloaded).flatMap(([name, packages]) => {
    const found: Violation[] = [];
    /** How each file that is loaded is reached first. */
    const ways = new Map(sources.flatMap(({ path }) => (room(path) === name ? [[path, path]] : [])));
    for (const [path, way] of ways)
      for (const { line, values, file, package: outside } of byPath.get(path)?.imports ?? []) {
        if (values.length === 0) continue;
        if (file && !ways.has(file)) ways.set(file, `${way} -> ${file}`);
        if (!outside || !packages.includes(outside)) continue;
        const problem = `${name}/ loads the package ${outside}: ${way}`;
        const remedy = "import types only, or keep what it needs in a file without that package";
        found.push({ file: path, line, problem, remedy });
      }
    return found;
  });
}

/** Package to the files or folders (with a slash at the end) that may import it. */
export type Adapters = Readonly<Record<string, readonly string[]>>;

export function packagesWithoutAdapter(sources: readonly Source[], adapters: Adapters): readonly Violation[] {
  const found: Violation[] = [];
  const unused = new Set(Object.keys(adapters));
  for (const { path, imports } of sources) {
    if (isUnderTest(path)) continue;
    for (const one of imports) {
      if (!one.package || one.package.startsWith("node:")) continue;
      unused.delete(one.package);
      const homes = adapters[one.package];
      if (homes?.some((home) => path === home || (home.endsWith("/") && path.startsWith(home)))) continue;
      const remedy = homes
        ? `use it through ${homes.join(", ")}`
        : "name its adapter in test/house-rules/house.ts";
      found.push({ file: path, line: one.line, problem: `imports the package ${one.package}`, remedy });
    }
  }
  for (const name of unused) {
    const remedy = "remove it from the table, and from package.json if nothing else needs it";
    found.push({ file: "test/house-rules/house.ts", line: 1, problem: `nothing imports ${name}`, remedy });
  }
  return found;
}

export function importCircles(sources: readonly Source[]): readonly Violation[] {
  const edges = sources.flatMap(({ path, imports }) => imports.flatMap((one) => edgeOf(path, one)));
  return circleEdges(edges).map(({ from, to, line, size }) => ({
    file: from,
    line,
    problem: `its import of ${to} lies on a circle`,
    remedy: `move what they need of each other to a file of its own (${size} files)`,
  }));
}

const edgeOf = (from: string, { file, line }: Import): readonly Edge[] =>
  file ? [{ from, to: file, line }] : [];
