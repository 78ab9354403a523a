// PURE: a manifest text with a few values changed, as commands do it in the operator's place.
import { parseManifest } from "./manifest-parse.ts";
import { parseYaml, type ValueAt, withValues } from "./manifest-yaml.ts";

export interface ManifestEdit {
  readonly min?: number;
  readonly max?: number;
  readonly baseline?: number;
  readonly paused?: boolean;
}

const paths: { readonly [K in keyof Required<ManifestEdit>]: ValueAt["path"] } = {
  min: ["spec", "scaling", "min"],
  max: ["spec", "scaling", "max"],
  baseline: ["spec", "scaling", "baseline"],
  paused: ["spec", "paused"],
};

/** @throws ManifestError when the text, or what would become of it, is no manifest */
export function editManifest(text: string, edit: ManifestEdit): string {
  // What cannot be read cannot be edited; a wrong value may be the very one that is to be corrected.
  if (parseYaml(text).problems.length > 0) parseManifest(text);
  const values = Object.entries(edit).flatMap(([key, value]) => {
    const path = paths[key as keyof ManifestEdit];
    return value === undefined || path === undefined ? [] : [{ path, value }];
  });
  const edited = withValues(text, values);
  parseManifest(edited);
  return edited;
}
