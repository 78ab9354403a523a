// The routes of backup and restore.
import { backupType } from "../http/backup-routes.ts";
import { attemptPattern } from "../http/restore-routes.ts";
import type { JsonSchema, Parameter } from "./json-schema.ts";
import type { Operation } from "./operation.ts";

export const backupOperation: Operation = {
  id: "backup",
  method: "get",
  tag: "Data",
  summary: "A copy of the whole database",
  description:
    "A file of SQLite, as the database was at one position, from a slave where one is there. One at a time. An answer that ends before `Content-Length` is not whole.",
  answer: {
    description: "The file",
    content: { [backupType]: { type: "string", format: "binary" } },
    headers: {
      "X-DBaaS-Position": {
        description: "Up to this place in the log it holds every write",
        schema: { type: "string", pattern: "^\\d{1,16}$", examples: ["42"] },
      },
      "X-DBaaS-Worker": {
        description: "Whose copy it is",
        schema: { type: "string", examples: ["w-2"] },
      },
    },
  },
  refusals: ["unavailable"],
};

export const backupsOperation: Operation = {
  id: "backups",
  method: "get",
  tag: "Data",
  summary: "The scheduled backups",
  description:
    "Those that the manifest asks for (`spec.backup`), in the folder of the host whose API took them, and how the last try went.",
  answer: {
    description: "The files and the last good one",
    content: { "application/json": { $ref: "#/components/schemas/Backups" } },
  },
  refusals: ["unavailable"],
};

const attempt: Parameter = {
  name: "attempt",
  in: "query",
  description: "A new one for each restore; its reads and writes bear it in the header `X-DBaaS-Restore`",
  schema: { type: "string", pattern: attemptPattern.source },
};

const done: Parameter = {
  name: "done",
  in: "query",
  description: "`true` ends it",
  schema: { type: "string", enum: ["true", "false"] },
};

const mark: Readonly<Record<string, JsonSchema>> = {
  "application/json": {
    type: "object",
    properties: {
      restore: {
        anyOf: [
          {
            type: "object",
            properties: { attempt: { type: "string" }, atMs: { type: "number" } },
            required: ["attempt", "atMs"],
          },
          { type: "null" },
        ],
      },
    },
    required: ["restore"],
  },
};

export const restoreOperations: readonly Operation[] = [
  {
    id: "restoring",
    method: "get",
    tag: "Data",
    summary: "Whether a backup is being restored",
    answer: { description: "The restore that was begun and not ended", content: mark },
    refusals: ["unavailable"],
  },
  {
    id: "restore",
    method: "put",
    tag: "Data",
    summary: "Begin or end a restore",
    description:
      "From its beginning to its end other requests for data get 503. Begun anew, it takes the place of one that was broken off. `./dbaas restore` does all of it.",
    parameters: [attempt, done],
    answer: { description: "The restore under way", content: mark },
    refusals: ["bad_request", "conflict", "unavailable"],
  },
];
