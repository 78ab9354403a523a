// Writes client/types.ts anew: `npm run build && node dist/client/generate/main.js`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describeApi } from "../../api/openapi/document.ts";
import { typesFile } from "./types-file.ts";

/** Compiled, this file stands in dist/client/generate. */
const file = fileURLToPath(new URL("../../../client/types.ts", import.meta.url));
writeFileSync(file, typesFile(describeApi()));
