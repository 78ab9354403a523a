// The manifest by which the workers of these tests go: two small tables, and times that suit a test.

import { openAccess } from "../../core/access.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import type { Schema } from "../../core/schema.ts";

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

export const defaultSpec: ManifestSpec = {
  paused: false,
  scaling: { baseline: 1, min: 1, max: 8, windowMs: 120_000, readsPerSlave: 20 },
  worker: { memoryBytes: 2 ** 29, pidsMax: 128, readyWithinMs: 60_000, drainWithinMs: 30_000 },
  // So long that no worker is replaced which only was slow: who leads is what the tests say.
  failover: { sessionTimeoutMs: 20_000 },
  log: { retentionBytes: 2 ** 30, retentionMs: 3_600_000 },
  requests: {
    timeoutMs: 10_000,
    bodyBytesMax: 2 ** 20,
    queryMs: 500,
    transactionMs: 30_000,
    idempotencyMs: 3_600_000,
    schemaBySql: "admin",
  },
  backup: { everyMs: null, keep: 24, directory: "/backups" },
  access: openAccess,
  database: peopleSchema,
};
