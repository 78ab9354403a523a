// The routes of the libSQL remote protocol, as far as this description tells them: the protocol's own specification has the rest.
import type { HttpCode } from "../http/refusals.ts";
import { paths } from "../http/routes.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { Operation } from "./operation.ts";

const object: JsonSchema = { type: "object" };
const baton: JsonSchema = {
  type: ["string", "null"],
  description: "Which stream is meant, as its last answer gave it",
};

const pipelineBody: JsonSchema = {
  type: "object",
  properties: { baton, requests: { type: "array", items: object } },
  required: ["requests"],
};
const pipelineAnswer: JsonSchema = {
  type: "object",
  properties: { baton, base_url: { type: "null" }, results: { type: "array", items: object } },
  required: ["baton", "base_url", "results"],
};
const cursorBody: JsonSchema = {
  type: "object",
  properties: { baton, batch: object },
  required: ["batch"],
};

const refusals = [
  "bad_request",
  "too_large",
  "unsupported_media_type",
  "internal",
  "unavailable",
] as const satisfies readonly HttpCode[];

const spoken = (version: 2 | 3): Operation => ({
  id: `libsql${version}`,
  method: "get",
  tag: "Data",
  summary: `Whether version ${version} of the libSQL remote protocol is spoken`,
  answer: { description: "It is, in JSON", content: { "application/json": object } },
  refusals: [],
});

const pipeline = (version: 2 | 3): Operation => ({
  id: `pipeline${version}`,
  method: "post",
  tag: "Data",
  summary: `Statements of a libSQL client, version ${version}`,
  description:
    "For `@libsql/client` and what is built on it; see docs/sql.md. An error of a statement stands in its result. Statements that write need the role writer.",
  body: {
    json: pipelineBody,
    examples: {
      execute: {
        summary: "One statement",
        value: {
          baton: null,
          requests: [
            { type: "execute", stmt: { sql: "SELECT ? AS n", args: [{ type: "integer", value: "1" }] } },
            { type: "close" },
          ],
        },
      },
    },
  },
  answer: { description: "A result for each request", content: { "application/json": pipelineAnswer } },
  refusals,
});

export const libsqlOperations = {
  [paths.libsql2]: spoken(2),
  [paths.libsql3]: spoken(3),
  [paths.pipeline2]: pipeline(2),
  [paths.pipeline3]: pipeline(3),
  [paths.cursor]: {
    ...pipeline(3),
    id: "cursor",
    summary: "One batch of a libSQL client, its results line by line",
    body: {
      json: cursorBody,
      examples: {
        batch: {
          summary: "One step",
          value: { baton: null, batch: { steps: [{ stmt: { sql: "SELECT 1" } }] } },
        },
      },
    },
    answer: {
      description: "Lines of JSON: the stream's baton, then what comes of each step",
      content: { "application/x-ndjson": { type: "string" } },
    },
  },
} as const satisfies Readonly<Record<string, Operation>>;
