// What the simulated cluster is asked for: everything quick, so that much happens in little time.
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { defaultSpec } from "../support/default-spec.ts";

/** The workers' sessions last so long without a sign of life: much that matters happens right about then. */
export const sessionTimeoutMs = 1_500;
export const timeoutMs = 4_000;
/** Keys of clients. */
const idempotencyMs = 60_000;
/** A key of the API's own is kept longer by the rule; for so long a client may rely on its own. */
export const keptMs = idempotencyMs - 5_000;

export const manifest: ManifestSpec = {
  ...defaultSpec,
  scaling: { ...defaultSpec.scaling, baseline: 2, max: 4, windowMs: 20_000 },
  worker: { ...defaultSpec.worker, readyWithinMs: 15_000, drainWithinMs: 5_000 },
  failover: { sessionTimeoutMs },
  requests: { ...defaultSpec.requests, timeoutMs, queryMs: 500, idempotencyMs },
  database: {
    tables: [
      {
        name: "things",
        columns: [
          { name: "id", type: "text", notNull: true },
          { name: "value", type: "text" },
        ],
        primaryKey: ["id"],
      },
      {
        name: "counted",
        columns: [
          { name: "id", type: "integer", notNull: true, autoIncrement: true },
          { name: "value", type: "text" },
        ],
        primaryKey: ["id"],
      },
      {
        name: "accounts",
        columns: [
          { name: "name", type: "text", notNull: true },
          { name: "value", type: "integer", notNull: true },
        ],
        primaryKey: ["name"],
      },
      {
        name: "transfers",
        columns: [
          { name: "id", type: "integer", notNull: true, autoIncrement: true },
          { name: "op", type: "text", notNull: true },
          { name: "read", type: "text", notNull: true },
          { name: "wrote", type: "text", notNull: true },
        ],
        primaryKey: ["id"],
      },
    ],
  },
};
