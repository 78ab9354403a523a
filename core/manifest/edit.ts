// PURE: a manifest text with a few values changed, as commands do it in the operator's place.
import type { ScalingSpec } from "./manifest.ts";
import { parseManifest } from "./parse.ts";
import { parseYaml, type ValueAt, withValues } from "./yaml.ts";

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

/** New bounds take the baseline with them, unless it is named as well: who asks for two slaves at least wants two. */
function withBaseline(text: string, edit: ManifestEdit): ManifestEdit {
  if (edit.baseline !== undefined || (edit.min === undefined && edit.max === undefined)) return edit;
  const scaling = scalingIn(text);
  if (scaling === null) return edit;
  const { min = scaling.min, max = scaling.max } = edit;
  const baseline = Math.min(max, Math.max(min, scaling.baseline));
  return baseline === scaling.baseline ? edit : { ...edit, baseline };
}

/** @returns null when the text is no manifest yet: the edit may be what makes it one */
function scalingIn(text: string): ScalingSpec | null {
  try {
    return parseManifest(text).spec.scaling;
  } catch {
    return null;
  }
}

/** @throws ManifestError when the text, or what would become of it, is no manifest */
export function editManifest(text: string, edit: ManifestEdit): string {
  // What cannot be read cannot be edited; a wrong value may be the very one that is to be corrected.
  if (parseYaml(text).problems.length > 0) parseManifest(text);
  const values = Object.entries(withBaseline(text, edit)).flatMap(([key, value]) => {
    const path = paths[key as keyof ManifestEdit];
    return value === undefined || path === undefined ? [] : [{ path, value }];
  });
  const edited = withValues(text, values);
  parseManifest(edited);
  return edited;
}
