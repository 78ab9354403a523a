// What a manifest asks for that says nothing: tests state only in what theirs differs.
import { specSchema } from "../../core/manifest/fields.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";

export const defaultSpec: ManifestSpec = specSchema.parse({});
