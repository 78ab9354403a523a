// The product with a mistake in it: the same files, a few words of which are others in the memory of this process. Each mutant is a graph
// of modules of its own, told by a query in their addresses; no file is changed.
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly put: string;
}

export interface Planted {
  readonly name: string;
  /** Behind "the simulation notices". */
  readonly title: string;
  /** One that has shown it before: it is only where the search begins, courses change with the simulation. */
  readonly seed: number;
  /** Where it is noticed; on one host where it does not say so. */
  readonly courses?: "onOneHost" | "any" | "withLostCopies" | "withBrokersInTurn";
  readonly edits: readonly Edit[];
  /** What is smaller in its world, with the mistake and without, so that few requests are as many as it takes. */
  readonly scale?: readonly Edit[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const query = "mutant";
const mutants = new Map<string, readonly Edit[]>();

const mutantOf = (url: string | undefined): string | null =>
  url?.startsWith("file:") ? new URL(url).searchParams.get(query) : null;

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const mutant = mutantOf(context.parentURL);
    if (mutant === null || !resolved.url.startsWith("file:") || resolved.url.includes("/node_modules/"))
      return resolved;
    return { ...resolved, url: `${resolved.url}?${query}=${mutant}` };
  },
  load: (url, context, next) => {
    const loaded = next(url, context);
    const mutant = mutantOf(url);
    if (mutant === null) return loaded;
    const file = fileURLToPath(url).slice(root.length);
    const edits = (mutants.get(mutant) ?? []).filter((edit) => edit.file === file);
    if (edits.length === 0) return loaded;
    return { ...loaded, source: edits.reduce(edited, String(loaded.source)) };
  },
});

function edited(source: string, { file, find, put }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${find}`);
  return parts.join(put);
}

/** A module of the simulation, with everything that it imports, as it is with these edits in the product. */
export function withEdits<Module>(name: string, edits: readonly Edit[], module: string): Promise<Module> {
  mutants.set(name, edits);
  return import(`${module}?${query}=${name}`) as Promise<Module>;
}
