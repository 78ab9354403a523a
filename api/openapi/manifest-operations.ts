// The manifest's route, which has two methods.
import { yamlType } from "../http/manifest-routes.ts";
import type { Parameter } from "./json-schema.ts";
import type { Operation } from "./operation.ts";

const manifestVersion = {
  ETag: {
    description: "Of the manifest in ZooKeeper; another one after each change",
    schema: { type: "string", examples: ['"7"'] },
  },
} as const;

const ifMatch: Parameter = {
  name: "If-Match",
  in: "header",
  description: "Replace it only while it is the one that had this `ETag`",
  schema: { type: "string", pattern: '^"\\d{1,9}"$' },
};

export const manifestOperations: readonly Operation[] = [
  {
    id: "manifest",
    method: "get",
    tag: "Cluster",
    summary: "The operator's manifest, as it was written",
    answer: {
      description: "The text with its comments; its tokens are digests",
      content: { [yamlType]: { type: "string" } },
      headers: manifestVersion,
    },
    refusals: ["unavailable"],
  },
  {
    id: "putManifest",
    method: "put",
    tag: "Cluster",
    summary: "Put another manifest in its place",
    description:
      "Where the cluster is on several hosts. A text that is not valid changes nothing; the answer names every problem with line and column, and `field` the first. One that could not be looked over in time is answered 503 and can be sent again. What would lose data is not done, and reported in the status. On one host the manifest is a file, and the answer 409.",
    parameters: [ifMatch],
    body: { text: yamlType, description: "A manifest" },
    answer: {
      description: "It is kept; the controller takes it up from there",
      content: {
        "application/json": {
          type: "object",
          properties: { version: { type: "string" } },
          required: ["version"],
        },
      },
      headers: manifestVersion,
    },
    refusals: ["bad_request", "conflict", "too_large", "unsupported_media_type", "internal", "unavailable"],
  },
];
