// PURE. How what runs differs from what the accepted manifest asks for. `diff`, `apply` and the status tell it.

import type { LogSpec, ManifestSpec } from "../manifest/manifest.ts";
import { formatDuration, formatSize } from "../manifest/quantities.ts";
import { type MigrationPlan, planMigration } from "../rules/migration-plan.ts";
import type { TablesNode } from "./znodes.ts";

/** What is known of what runs. */
export interface InForce {
  readonly tables?: TablesNode | null;
  readonly logRetention?: LogSpec | null;
}

export interface Unapplied {
  /** `column t.c: it cannot be changed: …` */
  readonly refused: readonly string[];
  /** What the master is yet to make. */
  readonly open: readonly string[];
  readonly kept: readonly string[];
  /** Null when the log keeps as much as the manifest says, or it is not known what it keeps. */
  readonly retention: string | null;
}

/** @returns null when no master has told yet which tables there are */
export function notApplied({ database, log }: ManifestSpec, inForce: InForce): Unapplied | null {
  const { tables } = inForce;
  if (tables === null || tables === undefined) return null;
  const { steps, refused, kept } = planFrom(tables, database);
  return {
    refused: refused.map(({ what, reason }) => `${what}: ${reason}`),
    open: steps.map(({ what }) => what),
    kept,
    retention: retentionGap(inForce.logRetention ?? null, log),
  };
}

/** What a manifest's tables ask of those that the master has, with what it tried in vain. */
export const planFrom = ({ schema, failed }: TablesNode, want: ManifestSpec["database"]): MigrationPlan =>
  planMigration(schema, want, new Map(failed.map(({ what, reason }) => [what, reason])));

/** A stream's retention is settled when it is made. */
export function retentionGap(made: LogSpec | null, wanted: LogSpec): string | null {
  if (made === null) return null;
  if (made.retentionBytes === wanted.retentionBytes && made.retentionMs === wanted.retentionMs) return null;
  return `the log keeps ${kept(made)}, not ${kept(wanted)}: a log keeps to what it was made with (docs/operations.md tells how to make it anew)`;
}

const kept = ({ retentionBytes, retentionMs }: LogSpec): string =>
  `${formatSize(retentionBytes)} and ${formatDuration(retentionMs)}`;
