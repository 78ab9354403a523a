// The whole description in OpenAPI's form: routes from the table of routes, bodies from the validators, refusals from the
// table of status codes, roles from the front door. Made once, when somebody asks for it.
import type { Need } from "../access/guard.ts";
import { type HttpCode, statusOf } from "../http/refusals.ts";
import { needs, type RoutePath } from "../http/routes.ts";
import { answerSchemas } from "./answers.ts";
import { bodySchemas } from "./bodies.ts";
import type { HeaderObject, JsonSchema, OpenApi, OperationObject, ResponseObject } from "./json-schema.ts";
import type { Operation, Tag } from "./operation.ts";
import { operations } from "./operations.ts";
import { parts } from "./parts.ts";

const tags: Readonly<Record<Tag, string>> = {
  Data: "Reads and writes",
  Cluster: "Workers, crash calls and switchover",
  Watching: "State, events, figures, probes",
  Description: "This description itself",
};

const about = [
  "A small, fault-tolerant, self-scaling database service.",
  'Every refusal is `{"error": {"code", "message", "field"}}`. Other methods than those below get 405 with `Allow`.',
  "Requests that are no HTTP or come too slowly get 400, 408 or 431 and a closed connection.",
].join(" ");

export const describeApi = (): OpenApi => ({
  openapi: "3.1.0",
  info: { title: "Mini DBaaS", version: "1.0.0", description: about },
  servers: [{ url: "/" }],
  tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
  paths: Object.fromEntries(
    (Object.entries(operations) as [RoutePath, Operation | readonly Operation[]][]).map(([path, some]) => [
      path,
      Object.fromEntries([some].flat().map((one) => [one.method, operationObject(one, needs[path])])),
    ]),
  ),
  components: {
    schemas: { ...bodySchemas, ...parts, ...answerSchemas },
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
  },
});

function operationObject(operation: Operation, need: Need): OperationObject {
  const { id, tag, summary, description: text, parameters, body, answer } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(text === undefined ? {} : { description: text }),
    // The second: the door may be open.
    security: need === "anyone" ? [] : [{ bearer: [] }, {}],
    "x-needs": need,
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: {
      "200": {
        description: answer.description,
        ...(answer.headers === undefined ? {} : { headers: answer.headers }),
        content: Object.fromEntries(
          Object.entries(answer.content).map(([type, schema]) => [type, { schema }]),
        ),
      },
      ...refusals([...operation.refusals, ...doorCodes(need)]),
    },
  };
}

function requestBody(body: NonNullable<Operation["body"]>) {
  if ("text" in body) {
    const { text, description } = body;
    return { required: true, content: { [text]: { schema: { type: "string", description } } } } as const;
  }
  if ("json" in body) {
    const { json, examples } = body;
    return { required: true, content: { "application/json": { schema: json, examples } } } as const;
  }
  const { of, examples } = body;
  const schema: JsonSchema = { oneOf: of.map((name) => ({ $ref: `#/components/schemas/${name}` })) };
  return { required: true, content: { "application/json": { schema, examples } } } as const;
}

const doorCodes = (need: Need): readonly HttpCode[] =>
  need === "anyone" ? ["rate_limited"] : ["unauthenticated", "forbidden", "rate_limited", "unavailable"];

const retryAfter: HeaderObject = {
  description: "In how many seconds to try again",
  schema: { type: "integer", minimum: 1 },
};
const headersOf: Readonly<Record<number, Readonly<Record<string, HeaderObject>>>> = {
  401: { "WWW-Authenticate": { description: "`Bearer`, and what is wrong", schema: { type: "string" } } },
  403: { "WWW-Authenticate": { description: "`Bearer`, with the role", schema: { type: "string" } } },
  429: { "Retry-After": retryAfter },
  503: { "Retry-After": retryAfter },
};

/** One response for each status, which names the codes that come with it. */
function refusals(codes: readonly HttpCode[]): Readonly<Record<string, ResponseObject>> {
  const byStatus = new Map<number, Set<HttpCode>>();
  for (const code of codes)
    byStatus.set(statusOf[code], (byStatus.get(statusOf[code]) ?? new Set()).add(code));
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      String(status),
      {
        description: [...some].map((code) => `\`${code}\``).join(", "),
        ...(headersOf[status] === undefined ? {} : { headers: headersOf[status] }),
        content: { "application/json": { schema: { $ref: "#/components/schemas/ErrorAnswer" } } },
      },
    ]),
  );
}
