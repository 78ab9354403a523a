// Writes manifests/dbaas.schema.json, by which editors complete and check a manifest, from the table of its fields.
import { writeFileSync } from "node:fs";
import { manifestJsonSchema } from "../../core/manifest/parse.ts";

writeFileSync("manifests/dbaas.schema.json", `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`);
