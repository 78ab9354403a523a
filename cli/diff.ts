// PURE: what a manifest would do to the running cluster, before it does it.
import { isDeepStrictEqual } from "node:util";
import { containerLimits } from "../core/manifest/fields.ts";
import type { ManifestSpec } from "../core/manifest/manifest.ts";
import type { Position } from "../core/manifest/yaml.ts";
import { type SchemaPath, statementsOf } from "../core/rules/migration-plan.ts";
import { wantedSlaves, withinBounds } from "../core/rules/scaling.ts";
import { emptySchema } from "../core/schema.ts";
import { type InForce, planFrom, retentionGap } from "../core/state/applied.ts";
import type { SpecNode } from "../core/state/spec-node.ts";
import { isSeenToRun, type WorkerStatus } from "../core/state/status.ts";
import type { WindowNode } from "../core/state/znodes.ts";
import { type FieldChange, fieldChanges } from "./field-changes.ts";
import { table } from "./table.ts";

export interface ClusterNow extends InForce {
  /** What was last taken up; null when nothing ever was. */
  readonly accepted: SpecNode | null;
  readonly window: WindowNode | null;
  readonly workers: readonly WorkerStatus[];
}

export interface ManifestDiff {
  readonly fields: readonly FieldChange[];
  readonly workers: {
    readonly start: readonly string[];
    readonly drain: readonly string[];
    /** One at a time, the master last. */
    readonly replace: readonly string[];
    /** Nothing of it happens as long as the manifest pauses the controller. */
    readonly paused: boolean;
  };
  readonly schema: {
    readonly changed: boolean;
    readonly statements: readonly string[];
    /** With the line and column of the manifest, and the reason. */
    readonly refused: readonly string[];
    /** What is there although the manifest does not name it. */
    readonly kept: readonly string[];
  };
  /** How the log would differ from what the manifest says of it; null when it would not. */
  readonly log: string | null;
}

/** Where a place of `spec.database` stands in the text of the manifest. */
export type Locate = (path: SchemaPath) => Position;

/** Compared with the tables that the master has; before a master has told them, with those that were last asked for. */
export function diffOf(now: ClusterNow, wanted: ManifestSpec, locate?: Locate): ManifestDiff {
  const spec = now.accepted?.spec ?? null;
  const asked = spec?.database ?? emptySchema;
  const tables = now.tables ?? { epoch: 0, schema: asked, failed: [] };
  const plan = planFrom(tables, wanted.database);
  const refused = plan.refused.map(({ what, reason, path }) => {
    const at = locate?.(path);
    return `${at === undefined ? "" : `${at.line}:${at.column} `}${what}: ${reason}`;
  });
  const statements = statementsOf(plan, tables.schema);
  const changed =
    !isDeepStrictEqual(asked, wanted.database) || statements.length > 0 || plan.refused.length > 0;
  return {
    fields: fieldChanges(spec, wanted),
    workers: { ...workersThen(now, wanted), paused: wanted.paused },
    schema: { changed, statements, refused, kept: plan.kept },
    log: retentionGap(now.logRetention ?? spec?.log ?? null, wanted.log),
  };
}

export const isSame = ({ fields, schema, log }: ManifestDiff): boolean =>
  fields.length === 0 && !schema.changed && log === null;

type Moves = Omit<ManifestDiff["workers"], "paused">;

function workersThen({ accepted, window, workers }: ClusterNow, wanted: ManifestSpec): Moves {
  const live = workers.filter((worker) => isSeenToRun(worker) && worker.state !== "draining");
  const missing = 1 + withinBounds(wanted.scaling, wantedSlaves(wanted.scaling, window)) - live.length;
  const drain = [...live]
    .filter(({ state }) => state !== "master")
    .sort((a, b) => Number(a.state === "slave") - Number(b.state === "slave") || (b.pid ?? 0) - (a.pid ?? 0))
    .slice(0, Math.max(0, -missing))
    .map(({ name }) => name);
  const before = accepted?.spec.worker;
  const others =
    before !== undefined && !isDeepStrictEqual(containerLimits(before), containerLimits(wanted.worker));
  return {
    start: freeNames(Math.max(0, missing), live),
    drain,
    replace: others ? live.map(({ name }) => name).filter((name) => !drain.includes(name)) : [],
  };
}

function freeNames(count: number, live: readonly WorkerStatus[]): readonly string[] {
  const names: string[] = [];
  for (let ordinal = 1; names.length < count; ordinal++)
    if (!live.some(({ name }) => name === `w-${ordinal}`)) names.push(`w-${ordinal}`);
  return names;
}

const list = (names: readonly string[]): string => names.join(", ");

export function diffText(diff: ManifestDiff): string {
  const { fields, workers, schema, log } = diff;
  if (isSame(diff)) return `No change: the cluster already goes by this manifest.\n${keptText(schema)}`;
  const parts: string[] = [];
  if (fields.length > 0)
    parts.push(
      table(
        ["FIELD", "NOW", "THEN"],
        fields.map(({ field, before, after }) => [field, before, after]),
      ),
    );
  const moves = [
    ...(workers.start.length > 0 ? [`start ${list(workers.start)}`] : []),
    ...(workers.drain.length > 0 ? [`drain ${list(workers.drain)}, the last ones started`] : []),
    ...(workers.replace.length > 0
      ? [`replace ${list(workers.replace)} one by one, slaves first, while others serve`]
      : []),
  ];
  const whole =
    workers.paused && moves.length > 0 ? ", once the manifest no longer pauses the controller" : "";
  parts.push(`Workers: ${moves.length === 0 ? "none is started or ended" : moves.join("; ")}${whole}\n`);
  parts.push(schema.changed ? schemaText(schema) : keptText(schema));
  if (log !== null) parts.push(`Log: ${log}\n`);
  return parts.filter((part) => part !== "").join("\n");
}

const keptText = ({ kept }: ManifestDiff["schema"]): string =>
  kept.map((what) => `Kept beside it: ${what}\n`).join("");

function schemaText({ statements, refused, kept }: ManifestDiff["schema"]): string {
  const lines = [
    ...statements.map((sql) => `  ${sql}`),
    ...refused.map((what) => `  refused: ${what}`),
    ...kept.map((what) => `  kept: ${what}`),
  ];
  return lines.length === 0
    ? "Tables: written in another way, nothing is added\n"
    : `Tables:\n${lines.join("\n")}\n`;
}
