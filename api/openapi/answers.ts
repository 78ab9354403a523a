// What the API answers. The types hold these against those that the programs are written with, so that neither can change
// without the other.
import { z } from "zod";
import type { NumberedEvent, Stats } from "../../core/state/stats.ts";
import {
  type ClusterStatus,
  conditionStatuses,
  conditionTypes,
  hostParts,
  hostRoles,
} from "../../core/state/status.ts";
import type { BackupsNode } from "../../core/state/znodes.ts";
import { statusOf } from "../http/refusals.ts";
import { jsonSchemaOf } from "./bodies.ts";
import type { JsonSchema } from "./json-schema.ts";

const text = z.string();
const whole = z.int().min(0);
const unixMs = z.number().meta({ description: "Unix time in ms" });
const pid = z.int().min(1);

const readAnswer = z
  .array(z.unknown().meta({ $ref: "#/components/schemas/Row" }))
  .meta({ description: "The rows; for a count, one row with `count`" });

const sqlValue = z.unknown().meta({ $ref: "#/components/schemas/SqlAnswerValue" });

const sqlRows = z.object({
  columns: z.array(
    z.object({ name: text, type: text.nullable().meta({ description: "As the table declares it" }) }),
  ),
  rows: z
    .array(z.array(sqlValue))
    .meta({ description: "Each a list of values, in the order of the columns" }),
});

const writeResult = z.object({
  rowsAffected: whole,
  ids: z
    .array(z.number())
    .optional()
    .meta({ description: "Numbers that the database gave to inserted rows" }),
  lastInsertRowid: z.number().optional().meta({
    description: "Of SQL: the number of the row that was inserted last, in a table whose rows have numbers",
  }),
  ...sqlRows.partial().shape,
});

const writeAnswer = writeResult.extend({
  position: whole.meta({ description: "The write's place in the log" }),
  results: z
    .array(writeResult)
    .optional()
    .meta({ description: "Of several statements: what came of each, in their order" }),
});

const pids = z.array(pid).meta({ description: "Process ids of containers, as `docker inspect` shows them" });

const errorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(statusOf) as [keyof typeof statusOf]).meta({ description: "For programs" }),
    message: text.meta({ description: "For people" }),
    field: text
      .optional()
      .meta({ description: "Which field or header is wrong, for instance `rows[2].age`" }),
    sqlite: text
      .optional()
      .meta({ description: "Of SQL: SQLite's name of the error, for instance `SQLITE_CONSTRAINT_UNIQUE`" }),
  }),
});

const backupFile = z.object({
  name: text,
  atMs: unixMs.meta({ description: "When the copy was there: everything in it was written before" }),
  position: whole.meta({ description: "Its place in the log" }),
  bytes: whole,
  host: text.optional().meta({ description: "The host that has it, where there are several" }),
});

const scheduledBackups = z.object({
  lastGood: backupFile.nullable(),
  failure: z
    .object({ atMs: unixMs, reason: text })
    .nullable()
    .meta({ description: "Of the last try; null when it succeeded" }),
  failures: whole.meta({ description: "All there ever were" }),
});

const backups = scheduledBackups.extend({
  directory: text.nullable().meta({ description: "In the orchestrator's container; null before the first" }),
  files: z.array(backupFile).meta({ description: "Those that are kept on every host, the newest first" }),
  failuresInARow: whole,
});

const status = z.object({
  cluster: text,
  generation: whole.meta({ description: "Of the manifest, as last read" }),
  observedGeneration: whole.meta({ description: "Of the manifest, as last acted on" }),
  desiredSlaves: whole,
  desiredReason: text,
  readySlaves: whole,
  master: text.nullable(),
  epoch: whole,
  workers: z.array(
    z.object({
      name: text,
      container: text,
      host: text,
      pid: z.int().nullable(),
      state: z.enum(["joining", "slave", "draining", "master", "starting", "dead", "unknown"]),
      epoch: whole,
      position: whole,
      lag: whole.meta({ description: "Records behind the master" }),
      lagMs: z
        .number()
        .meta({ description: "For how long the master has had a record that this one has not" }),
      readsServed: whole,
      writesServed: whole,
      sinceMs: unixMs,
    }),
  ),
  hosts: z.array(
    z.object({
      name: text,
      number: whole,
      reachable: z
        .boolean()
        .meta({ description: "False while it is away, which does not mean that it is dead" }),
      sinceMs: unixMs.meta({ description: "Since when it is reachable, or away; 0 when that is not known" }),
      workers: whole,
      leads: z.array(z.enum(hostRoles)),
      partsAway: z.array(z.enum(hostParts)).optional().meta({
        description:
          "Its own servers that take no part though it is reachable; an earlier version tells none",
      }),
      lossWouldCost: text.meta({ description: "What its loss would cost now; empty while it is away" }),
    }),
  ),
  copies: z.array(
    z.object({
      worker: text,
      epoch: whole,
      position: whole,
      known: z.boolean().meta({ description: "False until a worker has opened it" }),
      mounted: z.boolean().meta({ description: "Whether a worker runs on it" }),
      lastMaster: z.boolean().meta({
        description:
          "Its worker led last, and still has the copy that it had then, which holds every acknowledged write",
      }),
    }),
  ),
  window: z.object({ reads: whole, startedAtMs: unixMs, endsAtMs: unixMs }).nullable(),
  conditions: z.array(
    z.object({
      type: z.enum(conditionTypes),
      status: z.enum(conditionStatuses),
      reason: text,
      message: text,
      sinceMs: unixMs,
    }),
  ),
  backups: scheduledBackups
    .nullable()
    .meta({ description: "Null where the manifest asks for none, and none was ever taken" }),
  foreign: z.array(z.object({ name: text, reason: text })),
  failovers: z.array(
    z.object({
      atMs: unixMs,
      from: text.nullable(),
      to: text,
      epoch: whole,
      gapMs: z.number().nullable().meta({ description: "How long there was no master; null when unknown" }),
    }),
  ),
  lastCycle: z.object({ id: text, atMs: unixMs, tookMs: z.number() }),
});

const event = z.object({
  id: text.meta({ description: "Its place in the order, for `since` and `Last-Event-ID`" }),
  atMs: unixMs,
  reconcile: text.meta({ description: "The controller's cycle, as in its log" }),
  severity: z.enum(["info", "warning"]),
  reason: text,
  message: text,
  worker: text.nullable(),
});

const kindStats = z.object({
  total: whole,
  perSecond: z.number(),
  failedPerSecond: z.number(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  inFlight: whole,
});

const stats = z.object({
  atMs: unixMs,
  api: text,
  reads: kindStats,
  writes: kindStats,
  queues: z.object({ readQ: whole, writeQ: whole, syncQ: whole, responseQ: whole, deadQ: whole }).nullable(),
  reachable: z.object({ rabbitmq: z.boolean(), zookeeper: z.boolean(), controller: z.boolean() }),
  scaling: z
    .object({ baseline: whole, min: whole, max: whole, windowMs: z.number(), readsPerSlave: whole })
    .nullable(),
});

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
/** Fails to compile when a description and its type part. */
const described: {
  readonly status: Same<z.output<typeof status>, Mutable<ClusterStatus>>;
  readonly backups: Same<z.output<typeof backups>, Mutable<BackupsNode>>;
  readonly event: Same<z.output<typeof event>, Mutable<NumberedEvent>>;
  readonly stats: Same<z.output<typeof stats>, Mutable<Stats>>;
} = { status: true, backups: true, event: true, stats: true };
void described;

const answers = {
  ReadAnswer: readAnswer,
  SqlAnswer: sqlRows,
  WriteAnswer: writeAnswer,
  Pids: pids,
  ClusterStatus: status,
  ClusterEvent: event,
  Stats: stats,
  Backups: backups,
  ErrorAnswer: errorAnswer,
} as const;

export type AnswerName = keyof typeof answers;

export const answerSchemas = Object.fromEntries(
  Object.entries(answers).map(([name, schema]) => [name, jsonSchemaOf(schema, "input")]),
) as Readonly<Record<AnswerName, JsonSchema>>;
