// What each route is for, takes and answers. A route without an entry here does not compile.

import type { HttpCode } from "../http/refusals.ts";
import { paths, type RoutePath } from "../http/routes.ts";
import { boundHeaders, idempotencyKey, type RequestHeader } from "../requests/schemas.ts";
import type { AnswerName } from "./answers.ts";
import { backupOperation, backupsOperation, restoreOperations } from "./backup-operations.ts";
import { examplesOf, readBodyNames, writeBodyNames } from "./bodies.ts";
import type { JsonSchema, Parameter } from "./json-schema.ts";
import { libsqlOperations } from "./libsql-operations.ts";
import { manifestOperations } from "./manifest-operations.ts";
import type { Operation } from "./operation.ts";

const json = (name: AnswerName) => ({ "application/json": { $ref: `#/components/schemas/${name}` } });
const position: JsonSchema = { type: "string", pattern: "^\\d{1,16}$", examples: ["42"] };

const copyHeaders = {
  "X-DBaaS-Position": {
    description: "The write's place in the log; or how far the copy was that answered the read",
    schema: position,
  },
  "X-DBaaS-Worker": { description: "Which worker answered", schema: { type: "string", examples: ["w-2"] } },
};

const headerParameter = ({ name, form, says, example }: RequestHeader): Parameter => ({
  name,
  in: "header",
  description: says,
  schema: { type: "string", pattern: form.source, ...(example === undefined ? {} : { examples: [example] }) },
});

const onceOnly = [headerParameter(idempotencyKey)];

const dataRefusals = [
  "bad_request",
  "unknown_table",
  "unknown_column",
  "too_large",
  "unsupported_media_type",
  "internal",
  "poison_request",
  "query_timeout",
  "unavailable",
] as const satisfies readonly HttpCode[];
const writeRefusals = [
  ...dataRefusals,
  "constraint_violation",
  "key_reused",
  "unexpected_result",
  "storage_full",
] as const satisfies readonly HttpCode[];

const command = (id: string, summary: string, description: string): Operation => ({
  id,
  method: "post",
  tag: "Cluster",
  summary,
  description,
  answer: { description: "The one pid", content: json("Pids") },
  refusals: ["conflict", "unavailable"],
});

const since: Parameter = {
  name: "since",
  in: "query",
  description: "The id of the last event that is known already",
  schema: { type: "string" },
};

const copyToGoOn: Parameter = {
  name: "copy",
  in: "query",
  description: "The worker whose copy goes on, instead of the fullest that is open; it must hold as much",
  schema: { type: "string", pattern: "^w-[1-9]\\d{0,5}$", examples: ["w-2"] },
};

/** One for each method of a route. */
export const operations: Readonly<Record<RoutePath, Operation | readonly Operation[]>> = {
  [paths.read]: {
    id: "read",
    method: "post",
    tag: "Data",
    summary: "Read rows",
    description:
      "Answered by one of the slaves. Each request counts towards the number of slaves, whatever its answer.",
    parameters: Object.values<RequestHeader>(boundHeaders).map(headerParameter),
    body: { of: readBodyNames, examples: examplesOf(readBodyNames) },
    answer: {
      description: "The rows; of SQL with their columns",
      content: {
        "application/json": {
          anyOf: ["ReadAnswer", "SqlAnswer"].map((name) => ({ $ref: `#/components/schemas/${name}` })),
        },
      },
      headers: copyHeaders,
    },
    refusals: [...dataRefusals, "not_fresh"],
  },
  [paths.write]: {
    id: "write",
    method: "post",
    tag: "Data",
    summary: "Write rows",
    description:
      "An answer of success means that the write is in the replicated log and in every future master's data. A 4xx is a refusal for good, kept under the request's key. After 503 its fate is unknown: send it again under the same `Idempotency-Key`. 507: there is no room; it may be carried out once there is, and can be sent again in the same way.",
    parameters: onceOnly,
    body: { of: writeBodyNames, examples: examplesOf(writeBodyNames) },
    answer: { description: "It is done", content: json("WriteAnswer"), headers: copyHeaders },
    refusals: writeRefusals,
  },
  [paths.clear]: {
    id: "clear",
    method: "post",
    tag: "Data",
    summary: "Empty every table",
    parameters: onceOnly,
    answer: { description: "It is done", content: json("WriteAnswer"), headers: copyHeaders },
    refusals: [
      "bad_request",
      "key_reused",
      "poison_request",
      "query_timeout",
      "internal",
      "unavailable",
      "storage_full",
    ],
  },
  [paths.backup]: backupOperation,
  [paths.backups]: backupsOperation,
  [paths.restore]: restoreOperations,
  [paths.workers]: {
    id: "workers",
    method: "get",
    tag: "Cluster",
    summary: "List the workers' pids",
    answer: { description: "All of them, ascending", content: json("Pids") },
    refusals: ["unavailable"],
  },
  [paths.crashMaster]: command(
    "crashMaster",
    "Kill the master",
    "A slave takes its place, and a new worker that one's.",
  ),
  [paths.crashSlave]: command(
    "crashSlave",
    "Kill a slave",
    "The one with the highest pid. Another is started.",
  ),
  [paths.switchover]: command("switchover", "Hand mastership over", "In order, without a failed request."),
  [paths.acceptLoss]: {
    ...command(
      "acceptLoss",
      "Go on without a copy that is missing",
      "Only while `DataComplete` is False: the fullest copy that is open goes on, and what only the missing one held is lost for good. Answers the pid of its worker.",
    ),
    parameters: [copyToGoOn],
    refusals: ["bad_request", "conflict", "unavailable"],
  },
  [paths.manifest]: manifestOperations,
  [paths.status]: {
    id: "status",
    method: "get",
    tag: "Watching",
    summary: "Desired and observed state",
    answer: { description: "As the controller last reported it", content: json("ClusterStatus") },
    refusals: ["unavailable"],
  },
  [paths.events]: {
    id: "events",
    method: "get",
    tag: "Watching",
    summary: "What was decided and why",
    description:
      "With `Accept: text/event-stream` a stream: `history` once, then `status`, `stats` and `event` as they come.",
    parameters: [since, { ...since, name: "Last-Event-ID", in: "header" }],
    answer: {
      description: "The last events, oldest first",
      content: {
        "application/json": { type: "array", items: { $ref: "#/components/schemas/ClusterEvent" } },
        "text/event-stream": { type: "string" },
      },
    },
    refusals: ["unavailable"],
  },
  [paths.stats]: {
    id: "stats",
    method: "get",
    tag: "Watching",
    summary: "Rates, times and queues of the last second",
    answer: { description: "As this API process measured them", content: json("Stats") },
    refusals: ["unavailable"],
  },
  [paths.metrics]: {
    id: "metrics",
    method: "get",
    tag: "Watching",
    summary: "Metrics for Prometheus",
    answer: { description: "In Prometheus' text form", content: { "text/plain": { type: "string" } } },
    refusals: [],
  },
  [paths.health]: {
    id: "healthz",
    method: "get",
    tag: "Watching",
    summary: "Whether the API lives",
    answer: {
      description: "It does",
      content: {
        "application/json": { type: "object", properties: { alive: { const: true } }, required: ["alive"] },
      },
    },
    refusals: [],
  },
  [paths.ready]: {
    id: "readyz",
    method: "get",
    tag: "Watching",
    summary: "Whether reads and writes can be served",
    answer: {
      description: "They can",
      content: {
        "application/json": {
          type: "object",
          properties: { ready: { const: true }, master: { type: "string" } },
          required: ["ready", "master"],
        },
      },
    },
    refusals: ["unavailable"],
  },
  ...libsqlOperations,
  [paths.description]: {
    id: "openapi",
    method: "get",
    tag: "Description",
    summary: "This description, in OpenAPI's form",
    answer: { description: "OpenAPI 3.1", content: { "application/json": { type: "object" } } },
    refusals: [],
  },
  [paths.docs]: {
    id: "docs",
    method: "get",
    tag: "Description",
    summary: "This description, for people",
    answer: { description: "A page", content: { "text/html": { type: "string" } } },
    refusals: [],
  },
};
