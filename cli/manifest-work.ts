// What the commands about the manifest do with its text. Loaded for these commands only: what reads a manifest takes as long to load as all
// the rest of the command line.
import { editManifest, type ManifestEdit } from "../core/manifest/edit.ts";
import { ManifestError, type ManifestSpec } from "../core/manifest/manifest.ts";
import { parseManifest } from "../core/manifest/parse.ts";
import { parseYaml } from "../core/manifest/yaml.ts";
import { diffOf, type ManifestDiff } from "./diff.ts";
import { CliError, exitCodes } from "./exit.ts";
import type { ClusterView } from "./view.ts";

/** Every problem on a line of its own, as compilers write them. @throws CliError */
function checked<T>(name: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const lines = error.problems.map(
      ({ line, column, path, message }) => `${name}:${line}:${column}: ${path} ${message}`,
    );
    throw new CliError(exitCodes.usage, [`${name} is no valid manifest`, ...lines].join("\n"));
  }
}

/** @param name the file's, for messages. @throws CliError */
export const specOf = (name: string, text: string): ManifestSpec =>
  checked(name, () => parseManifest(text)).spec;

/** @param name the file's, for messages. @throws CliError */
export const editedText = (name: string, text: string, edit: ManifestEdit): string =>
  checked(name, () => editManifest(text, edit));

export async function diffWith(view: ClusterView, text: string, spec: ManifestSpec): Promise<ManifestDiff> {
  const [{ status }, manifest] = [await view.look(), await view.lookAtManifest()];
  const yaml = parseYaml(text);
  return diffOf({ ...manifest, workers: status.workers }, spec, (path) =>
    yaml.locate(["spec", "database", ...path]),
  );
}

export { diffText, isSame } from "./diff.ts";
