// The manifest by which the workers of these tests go: two small tables, and times that suit a test.
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import type { Schema } from "../../core/schema.ts";
import { defaultSpec } from "../support/default-spec.ts";

export const peopleSchema: Schema = {
  tables: [
    {
      name: "people",
      columns: [
        { name: "name", type: "text", notNull: true },
        { name: "age", type: "integer" },
      ],
      primaryKey: ["name"],
    },
    {
      name: "notes",
      columns: [
        { name: "id", type: "integer", autoIncrement: true },
        { name: "text", type: "text", notNull: true },
      ],
      primaryKey: ["id"],
    },
  ],
};

export const smallSpec: ManifestSpec = {
  ...defaultSpec,
  // So long that no worker is replaced which only was slow: who leads is what the tests say.
  failover: { sessionTimeoutMs: 20_000 },
  requests: { ...defaultSpec.requests, queryMs: 500 },
  database: peopleSchema,
};
