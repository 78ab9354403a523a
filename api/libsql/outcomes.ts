// PURE. What came of a statement, and how the protocol writes it.
import { emptyResult, type SqlResult } from "./answers.ts";
import type { SqlError } from "./errors.ts";

export interface Succeeded {
  readonly fate: "ok";
  readonly result: SqlResult;
  readonly durationMs?: number;
}

export interface Failed {
  readonly fate: "error";
  readonly error: SqlError;
}

export type Outcome = Succeeded | Failed | { readonly fate: "skipped" };

export const skipped = { fate: "skipped" } as const;
export const failed = (error: SqlError): Failed => ({ fate: "error", error });
export const succeeded = (result: SqlResult): Succeeded => ({ fate: "ok", result });
export const done = succeeded(emptyResult);

const rowid = ({ rowid: digits }: SqlResult): string => (digits === null ? "null" : `"${digits}"`);

const timesOf = ({ durationMs }: Succeeded): string =>
  durationMs === undefined ? "" : `,"query_duration_ms":${durationMs.toFixed(3)}`;

/** JSON of a StmtResult. */
export function resultText(outcome: Succeeded): string {
  const { result } = outcome;
  const affected = `"affected_row_count":${result.affected},"last_insert_rowid":${rowid(result)}`;
  return `{"cols":${result.cols},"rows":[${result.rows.join()}],${affected}${timesOf(outcome)}}`;
}

/** JSON of a BatchResult. */
export function batchText(outcomes: readonly Outcome[]): string {
  const results = outcomes.map((one) => (one.fate === "ok" ? resultText(one) : "null"));
  const errors = outcomes.map((one) => (one.fate === "error" ? JSON.stringify(one.error) : "null"));
  return `{"step_results":[${results.join()}],"step_errors":[${errors.join()}]}`;
}

/** Lines of JSON: the entries of a cursor. */
export function cursorLines(outcomes: readonly Outcome[]): readonly string[] {
  const lines: string[] = [];
  for (const [step, outcome] of outcomes.entries()) {
    if (outcome.fate === "error")
      lines.push(JSON.stringify({ type: "step_error", step, error: outcome.error }));
    if (outcome.fate !== "ok") continue;
    const { result } = outcome;
    lines.push(`{"type":"step_begin","step":${step},"cols":${result.cols}}`);
    for (const row of result.rows) lines.push(`{"type":"row","row":${row}}`);
    lines.push(
      `{"type":"step_end","affected_row_count":${result.affected},"last_insert_rowid":${rowid(result)}}`,
    );
  }
  return lines;
}

/** About how many bytes its rows take. */
export const bytesOfOutcome = (outcome: Outcome): number =>
  outcome.fate === "ok" ? outcome.result.rows.reduce((sum, row) => sum + row.length, 0) : 0;
