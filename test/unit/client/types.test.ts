import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clientBodies } from "../../../api/openapi/bodies.ts";
import { describeApi } from "../../../api/openapi/document.ts";
import type { JsonSchema } from "../../../api/openapi/json-schema.ts";
import { clusterTypesFile, typesFile } from "../../../tools/client-types/types-file.ts";
import { typeOf } from "../../../tools/client-types/typescript.ts";

test("the client's types are those that the API's description says", () => {
  const files = {
    "types.ts": typesFile(describeApi(), clientBodies),
    "cluster-types.ts": clusterTypesFile(describeApi()),
  };
  for (const [name, wanted] of Object.entries(files)) {
    const file = readFileSync(new URL(`../../../client/${name}`, import.meta.url), "utf8");
    assert.equal(file, wanted, `client/${name} is old: node tools/client-types/main.ts`);
  }
});

test("a schema becomes the type that it describes", () => {
  const table: readonly (readonly [JsonSchema, string])[] = [
    [{}, "unknown"],
    [{ $ref: "#/components/schemas/Row" }, "Row"],
    [{ type: ["string", "null"] }, "string | null"],
    [{ type: ["integer", "number"] }, "number"],
    [{ enum: ["a", 1] }, '"a" | 1'],
    [{ const: true }, "true"],
    [{ type: "array", items: { type: ["string", "boolean"] } }, "readonly (string | boolean)[]"],
    [{ type: "object", additionalProperties: { type: "string" } }, "{ readonly [name: string]: string }"],
    [
      { properties: { a: { type: "string" }, "b c": {} }, required: ["a"] },
      '{\n  readonly a: string;\n  readonly "b c"?: unknown;\n}',
    ],
    [{ properties: { old: { deprecated: true } } }, "{\n}"],
    [
      { properties: { a: {}, b: {} }, oneOf: [{ required: ["a"] }, { required: ["b"] }] },
      "{\n  readonly a: unknown;\n} | {\n  readonly b: unknown;\n}",
    ],
  ];
  for (const [schema, type] of table) assert.equal(typeOf(schema), type);
});
