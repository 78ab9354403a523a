// Writes client/types.ts and client/cluster-types.ts anew: `node tools/client-types/main.ts`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { clientBodies } from "../../api/openapi/bodies.ts";
import { describeApi } from "../../api/openapi/document.ts";
import { clusterTypesFile, typesFile } from "./types-file.ts";

const client = (name: string): string => fileURLToPath(new URL(`../../client/${name}`, import.meta.url));
writeFileSync(client("types.ts"), typesFile(describeApi(), clientBodies));
writeFileSync(client("cluster-types.ts"), clusterTypesFile(describeApi()));
