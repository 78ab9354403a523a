// The manifest of the tests' cluster: the product's own with a few values changed, and edited as an operator would.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseManifest } from "../../core/manifest/parse.ts";
import { seenSpec } from "./registry.ts";
import { manifestDir, rootDir } from "./settings.ts";
import { found, notYet, until } from "./until.ts";

const file = join(manifestDir, "dbaas.yaml");
/** A cycle that starts a container takes up nothing meanwhile, and a controller whose session ended must lead anew first. */
const takenUpMs = 60_000;

/** Values of scalar fields by their key, which stands once in the file: `{ window: "10s", max: "8" }`. */
export type Fields = Readonly<Record<string, string>>;

export function withFields(text: string, fields: Fields): string {
  return Object.entries(fields).reduce((edited, [key, value]) => {
    const line = new RegExp(`^( +${key}: )[^#\\n]*?(?= *(?:#|$))`, "gm");
    if ([...edited.matchAll(line)].length !== 1)
      throw new Error(`the manifest has not exactly one field ${key}`);
    return edited.replace(line, (_, head: string) => `${head}${value}`);
  }, text);
}

/** One slave whatever is read, so that no test but those of scaling has its workers changed by its own reads. */
export async function baselineManifest(): Promise<string> {
  return withFields(await readFile(join(rootDir, "manifests", "dbaas.yaml"), "utf8"), { max: "1" });
}

/** Replaces the file in one step, as editors do. */
export async function saveManifest(text: string): Promise<void> {
  await mkdir(manifestDir, { recursive: true });
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** Saves it and waits until the cluster goes by it. */
export async function applyManifest(text: string, withinMs = takenUpMs): Promise<void> {
  const { spec } = parseManifest(text);
  await saveManifest(text);
  await until("the manifest is taken up", withinMs, async () => {
    const node = await seenSpec();
    return isDeepStrictEqual(node?.spec, JSON.parse(JSON.stringify(spec)))
      ? found(true)
      : notYet(node?.generation);
  });
}

export const applyFields = async (fields: Fields, withinMs?: number): Promise<void> =>
  applyManifest(withFields(await baselineManifest(), fields), withinMs);
