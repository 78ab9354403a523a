// PURE: the texts of client/types.ts and client/cluster-types.ts, from the API's own description.
import type { JsonSchema, OpenApi } from "../../api/openapi/json-schema.ts";
import { comment, typeOf } from "./typescript.ts";

/** What the client's methods take and give, beside reads and writes; what these refer to comes along. */
const others = ["ReadAnswer", "Sql", "SqlAnswer", "WriteAnswer", "ErrorAnswer"];
/** What it is told of the cluster: a file of its own. */
const ofCluster = ["ClusterStatus", "ClusterEvent", "Stats", "Backups"];

const head = `// Written from the API's description by "node tools/client-types/main.ts". Not to be edited: a test compares the two.
`;

/** The names of the bodies that a client sends. */
export interface ClientBodies {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export const typesFile = (api: OpenApi, { reads, writes }: ClientBodies): string =>
  head + declared(api, [...reads, ...writes, ...others]) + union("Read", reads) + union("Write", writes);

export const clusterTypesFile = (api: OpenApi): string => head + declared(api, ofCluster);

/** These types and all that they refer to. */
function declared({ components: { schemas } }: OpenApi, wanted: readonly string[]): string {
  const names = new Set<string>();
  for (const name of wanted) collect(name, schemas, names);
  const declarations = [...names].sort().map((name) => {
    const schema = schemas[name] ?? {};
    return `\n${comment(schema.description)}export type ${name} = ${withBigints(name, typeOf(schema))};\n`;
  });
  return declarations.join("");
}

const union = (name: string, of: readonly string[]): string =>
  `\n/** One of each kind. */\nexport type ${name} = ${of.join(" | ")};\n`;

/** Of columns. In JSON they are numbers like others; the client keeps the digits of large ones (json.ts). */
const withBigints = (name: string, type: string): string =>
  ["Value", "Known", "SqlValue", "SqlAnswerValue"].includes(name)
    ? type.replace(/\bnumber\b/, "number | bigint")
    : type;

function collect(name: string, schemas: OpenApi["components"]["schemas"], into: Set<string>): void {
  if (into.has(name)) return;
  into.add(name);
  for (const [, referred] of JSON.stringify(withoutDeprecated(schemas[name] ?? {})).matchAll(
    /"#\/components\/schemas\/(\w+)"/g,
  ))
    if (referred !== undefined) collect(referred, schemas, into);
}

const withoutDeprecated = (schema: JsonSchema): JsonSchema => ({
  ...schema,
  ...(schema.properties === undefined
    ? {}
    : {
        properties: Object.fromEntries(
          Object.entries(schema.properties).filter(([, { deprecated }]) => deprecated !== true),
        ),
      }),
});
