// PURE: a schema as the TypeScript type that it describes: by it the client's types are written.
import type { JsonSchema } from "../../api/openapi/json-schema.ts";

const refStart = "#/components/schemas/";

/** `Where | Value`, `{ readonly op: "insert"; … }`. Properties that are only there for earlier clients are left out. */
export function typeOf(schema: JsonSchema, indent = ""): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(refStart.length);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  if (schema.properties !== undefined) return objectType(schema, indent);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return union(choices.map((choice) => typeOf(choice, indent)));
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return types.length === 0 ? "unknown" : union(types.map((type) => plainType(type, schema, indent)));
}

function plainType(type: string, { items, additionalProperties }: JsonSchema, indent: string): string {
  switch (type) {
    case "integer":
      return "number";
    case "array":
      return `readonly ${inBrackets(typeOf(items ?? {}, indent))}[]`;
    case "object": {
      const values =
        typeof additionalProperties === "object" ? typeOf(additionalProperties, indent) : "unknown";
      return `{ readonly [name: string]: ${values} }`;
    }
    default:
      return type;
  }
}

/** Where one of several properties must be there, each choice becomes an object type without the others. */
function objectType(schema: JsonSchema, indent: string): string {
  const choices = schema.oneOf?.map(({ required = [] }) => required) ?? [];
  if (choices.length === 0) return fieldsType(schema, schema.required ?? [], [], indent);
  const chosen = choices.flat();
  return union(
    choices.map((required) =>
      fieldsType(
        schema,
        [...(schema.required ?? []), ...required],
        chosen.filter((name) => !required.includes(name)),
        indent,
      ),
    ),
  );
}

function fieldsType(
  { properties = {} }: JsonSchema,
  required: readonly string[],
  without: readonly string[],
  indent: string,
): string {
  const inner = `${indent}  `;
  const fields = Object.entries(properties)
    .filter(([name, { deprecated }]) => deprecated !== true && !without.includes(name))
    .map(([name, schema]) => {
      const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
      const mark = required.includes(name) ? "" : "?";
      return `${comment(schema.description, inner)}${inner}readonly ${key}${mark}: ${typeOf(schema, inner)};\n`;
    });
  return `{\n${fields.join("")}${indent}}`;
}

export const comment = (text: string | undefined, indent = ""): string =>
  text === undefined ? "" : `${indent}/** ${text} */\n`;

const union = (types: readonly string[]): string => [...new Set(types)].join(" | ");

const inBrackets = (type: string): string =>
  type.includes(" | ") || type.startsWith("readonly ") ? `(${type})` : type;
