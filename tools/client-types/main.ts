// Writes client/types.ts anew: `node tools/client-types/main.ts`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clientBodies } from "../../api/openapi/bodies.ts";
import { describeApi } from "../../api/openapi/document.ts";
import { typesFile } from "./types-file.ts";

const file = fileURLToPath(new URL("../../client/types.ts", import.meta.url));
writeFileSync(file, typesFile(describeApi(), clientBodies));
