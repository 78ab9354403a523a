// What a manifest asks for that says nothing: tests state only in what theirs differs.
import { defaultSpec, type Written } from "../../core/manifest/defaults.ts";
import { specFields } from "../../core/manifest/fields.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";

export { defaultSpec } from "../../core/manifest/defaults.ts";

interface Lacking {
  /** `requests.queryMs`, or a group of them. */
  readonly field: string;
  readonly spec: Written<ManifestSpec>;
}

/** The default one as an earlier version would write it, which knows all fields and groups but one. */
export const specsThatLackOne = (): readonly Lacking[] => lacking(specFields, defaultSpec, "");

function lacking(fields: object, values: object, above: string): readonly Lacking[] {
  return Object.entries(fields).flatMap(([name, member]: readonly [string, object]) => {
    const field = `${above}${name}`;
    const { [name]: value, ...others } = values as Readonly<Record<string, object>>;
    const inside = "fields" in member ? lacking(member.fields as object, value ?? {}, `${field}.`) : [];
    return [
      { field, spec: others },
      ...inside.map((one) => ({ ...one, spec: { ...others, [name]: one.spec } })),
    ];
  });
}
