// PURE: the text of client/types.ts, from the API's own description.
import type { JsonSchema, OpenApi } from "../../api/openapi/json-schema.ts";
import { comment, typeOf } from "./typescript.ts";

/** What the client's methods give, beside the bodies that they take; what these refer to comes along. */
const answers = ["ReadAnswer", "WriteAnswer", "ClusterStatus", "ClusterEvent", "Stats", "ErrorAnswer"];

const head = `// Written from the API's description by "node tools/client-types/main.ts". Not to be edited: a test compares the two.
`;

/** The names of the bodies that a client sends. */
export interface ClientBodies {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export function typesFile({ components: { schemas } }: OpenApi, { reads, writes }: ClientBodies): string {
  const names = new Set<string>();
  for (const name of [...reads, ...writes, ...answers]) collect(name, schemas, names);
  const declarations = [...names].sort().map((name) => {
    const schema = schemas[name] ?? {};
    return `\n${comment(schema.description)}export type ${name} = ${withBigints(name, typeOf(schema))};\n`;
  });
  return head + declarations.join("") + union("Read", reads) + union("Write", writes);
}

const union = (name: string, of: readonly string[]): string =>
  `\n/** One of each kind. */\nexport type ${name} = ${of.join(" | ")};\n`;

/** Of columns. In JSON they are numbers like others; the client keeps the digits of large ones (json.ts). */
const withBigints = (name: string, type: string): string =>
  name === "Value" || name === "Known" ? type.replace(/\bnumber\b/, "number | bigint") : type;

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
