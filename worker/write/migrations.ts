// Brings the master's tables to what the manifest asks for, step by step. PURE but for what it remembers of its tries: what
// the data or a full disk refused is tried again after a while, and holds up nothing that does not depend on it.
import type { Refusal } from "../../core/errors.ts";
import { migrate } from "../../core/rules/migration.ts";
import { whyRefused } from "../../core/rules/migration-needs.ts";
import { type MigrationPlan, type MigrationStep, planMigration } from "../../core/rules/migration-plan.ts";
import { findTable, type Schema } from "../../core/schema.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Ledger } from "../ports.ts";
import type { Chore } from "./draft.ts";

/** What a master has, and which steps it tried in vain. */
export interface SchemaReport {
  readonly schema: Schema;
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
}

export interface MigrationsOptions {
  readonly ledger: Pick<Ledger, "schema">;
  readonly wanted: () => Schema;
  readonly log: Log;
  readonly onReport: (report: SchemaReport) => void;
}

interface Failure {
  readonly reason: string;
  readonly retryAtMs: number;
}

/** What one commit takes on: its record must stay small. */
const stepsPerCommitMax = 128;
const fullRetryMs = 5_000;
const dataRetryMinMs = 30_000;
/** A unique index is refused only after reading the table: its tries may take one hundredth of the master's time. */
const dataRetryFactor = 100;

export class Migrations {
  readonly #options: MigrationsOptions;
  readonly #failed = new Map<string, Failure>();
  #have: Schema | undefined;
  #want: Schema | undefined;
  /** Nothing is to be done before, unless a schema changes. */
  #dueAtMs = 0;
  #round: { readonly startedAtMs: number; readonly steps: readonly MigrationStep[] } | undefined;
  #refusedInRound = new Map<string, Refusal>();
  #told = "";
  #reported: string | undefined;

  constructor(options: MigrationsOptions) {
    this.#options = options;
  }

  /** Asked before each commit: without a change it costs three comparisons. */
  due(nowMs: number): readonly Chore[] {
    const have = this.#options.ledger.schema;
    const want = this.#options.wanted();
    if (have === this.#have && want === this.#want && nowMs < this.#dueAtMs) return [];
    this.#endRound(have, nowMs);
    // What failed under another manifest may be possible now.
    if (want !== this.#want) this.#failed.clear();
    [this.#have, this.#want] = [have, want];
    for (const [what, { retryAtMs }] of this.#failed) if (retryAtMs <= nowMs) this.#failed.delete(what);
    const plan = planMigration(have, want, this.#reasons());
    const steps = plan.steps.slice(0, stepsPerCommitMax);
    if (steps.length === 0) {
      this.#dueAtMs = Math.min(...[...this.#failed.values()].map(({ retryAtMs }) => retryAtMs));
      this.#tell(have, plan);
      return [];
    }
    this.#dueAtMs = 0;
    this.#round = { startedAtMs: nowMs, steps };
    this.#options.log.debug({ steps: steps.map(({ what }) => what) }, "migrating the schema");
    return steps.map((step) => this.#chore(step));
  }

  #chore(step: MigrationStep): Chore {
    return {
      effect: { schema: step.adds },
      unmet: (schema) => unmetIn(schema, step),
      onRefused: (refusal) => this.#refusedInRound.set(step.what, refusal),
    };
  }

  #reasons(): ReadonlyMap<string, string> {
    return new Map([...this.#failed].map(([what, { reason }]) => [what, reason]));
  }

  /** What was tried and is not there was refused, or the commit as a whole found no room. */
  #endRound(have: Schema, nowMs: number): void {
    const { startedAtMs, steps } = this.#round ?? { startedAtMs: nowMs, steps: [] };
    this.#round = undefined;
    const refused = this.#refusedInRound;
    this.#refusedInRound = new Map();
    const made = steps.filter((step) => isMade(have, step));
    if (made.length > 0)
      this.#options.log.info({ made: made.map(({ what }) => what) }, "migrated the schema");
    for (const step of steps) {
      if (made.includes(step) || (!refused.has(step.what) && unmetIn(have, step) !== undefined)) continue;
      const refusal = refused.get(step.what);
      const isFull = refusal === undefined || refusal.code === "storage_full";
      const waitMs = isFull ? fullRetryMs : Math.max(dataRetryMinMs, dataRetryFactor * (nowMs - startedAtMs));
      const reason = refusal === undefined ? "no room left for the database" : reasonOf(refusal);
      for (const what of step.parts ?? [step.what])
        this.#failed.set(what, { reason, retryAtMs: nowMs + waitMs });
    }
  }

  #tell(schema: Schema, plan: MigrationPlan): void {
    const refused = plan.refused.map(({ what, reason }) => `${what}: ${reason}`);
    const text = refused.join("; ");
    if (text !== this.#told && text !== "")
      this.#options.log.warn({ refused }, "part of the manifest's schema is not carried out");
    this.#told = text;
    const failed = [...this.#failed].map(([what, { reason }]) => ({ what, reason }));
    const report = JSON.stringify({ schema, failed });
    if (report === this.#reported) return;
    this.#reported = report;
    this.#options.onReport({ schema, failed });
  }
}

/** SQL of a client may have taken the name, which the manifest gets as soon as it is free. */
const reasonOf = ({ message }: Refusal): string =>
  /already (?:exists|(?:a|another) )/.test(message)
    ? `${message}, made by SQL: drop or rename it there, and this is tried again`
    : message;

const isMade = (have: Schema, { adds }: MigrationStep): boolean =>
  migrate(have, adds).statements.length === 0;

/** Whether what the step needs is there: a step before it may have been refused. */
function unmetIn(schema: Schema, { adds }: MigrationStep): string | undefined {
  const withIt = migrate(schema, adds).schema;
  return whyRefused(adds, (name) => findTable(withIt, name));
}
