// Carries out SQL of a client in the open transaction of a master, and statements of both kinds that succeed or fail together. What
// of it changes data is an effect of the record, so that each copy does the same.
import { Refusal } from "../../core/errors.ts";
import {
  type Param,
  type Part,
  type PartShape,
  type SqlShape,
  statementLimits,
  type Together,
  type WholeTransaction,
} from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import { carryOutRows, type Made, type ShapedEffect } from "../copy/effects.ts";
import { type Moment, seenOf } from "../copy/seen.ts";
import type { Store } from "../copy/store.ts";
import { paramsText, type References, type SqlCall, type SqlResult } from "../sql/run-sql.ts";
import { isListed, type ListedPart, ListedParts } from "./listed-parts.ts";
import { mustBeOn, mustLeadSomewhere, referencesAsked } from "./references.ts";
import { defining, inTransaction, placed, sqlAnswer } from "./transactions.ts";

type Rows = readonly (readonly Param[])[];

/** What statements find. */
export interface Setting extends Moment {
  /** The manifest's, with what the same commit has added. */
  readonly schema: Schema;
}

/** @throws Refusal, or what is not the request's fault */
export function carryOutSql(
  store: Store,
  shape: SqlShape | Together | WholeTransaction,
  rows: Rows,
  setting: Setting,
): Promise<Made> {
  if (shape.kind === "batch")
    return shape.transaction === undefined
      ? together(store, shape, rows, setting)
      : inTransaction(store, shape.parts, rows, { ...shape.transaction, schema: setting.schema });
  return withSql(store, shape, rows[0] ?? [], setting, statementLimits.writtenAnswerBytesMax);
}

async function withSql(
  store: Store,
  shape: SqlShape,
  params: readonly Param[],
  { atMs, newSeed, schema: kept, references }: Setting,
  bytesMax: number,
): Promise<Made> {
  const asked = referencesAsked(shape);
  if (asked !== undefined) {
    mustBeOn(asked);
    return asDone();
  }
  const seed = newSeed();
  const { rowsMax } = statementLimits;
  const call = { mayWrite: true, kept, atMs, seed, references, bytesMax, rowsMax };
  const result = await defining(store, shape, params, call);
  return madeBy(result, { shape, rows: [params] }, { atMs, seed, references });
}

/** Of a statement that has been carried out in this moment. */
export const madeBy = (
  result: SqlResult,
  effect: Pick<ShapedEffect, "shape" | "rows">,
  { atMs, seed, references }: Pick<SqlCall, "atMs" | "references"> & { readonly seed: string },
): Made => ({
  effects: result.readonly ? [] : [{ ...effect, seen: seenOf(result, atMs, seed, references) }],
  rowsAffected: result.rowsAffected,
  answer: sqlAnswer(result),
  unresolved: result.unresolved,
});

/** Of what leaves nothing behind. */
const asDone = async (): Promise<Made> => ({
  effects: [],
  rowsAffected: 0,
  answer: '"rowsAffected":0,"columns":[],"rows":[]',
});

function mustBeExpected(rowsAffected: number, expected: number | undefined): void {
  if (expected === undefined || expected === rowsAffected) return;
  throw new Refusal(
    "unexpected_result",
    `the statement changes ${rowsAffected} rows instead of ${expected}; nothing was done`,
    "expect.rowsAffected",
  );
}

async function together(
  store: Store,
  { parts, lone }: Together,
  allRows: Rows,
  setting: Setting,
): Promise<Made> {
  const effects: ShapedEffect[] = [];
  const answers: string[] = [];
  const rows = rowsByPart(parts, allRows);
  let rowsAffected = 0;
  let unresolved = false;
  let references: References = "on";
  let wereOn = true;
  let bytesLeft: number = statementLimits.writtenAnswerBytesMax;
  const listed = new ListedParts(store.writer, (i) =>
    references === "on" && lone !== true ? listedPart(parts[i], rows[i], setting) : undefined,
  );
  for (const [i, { shape, expect }] of parts.entries()) {
    const asked = lone === true ? undefined : referencesAsked(shape);
    references = asked ?? references;
    wereOn &&= references === "on";
    const carryOut = async (): Promise<Made> => {
      if (asked !== undefined) return asDone();
      const taken = await listed.take(i, bytesLeft);
      return taken === undefined
        ? part(store, shape, rows[i] ?? [], { ...setting, references }, bytesLeft)
        : madeBy(taken.result, { shape, rows: rows[i] ?? [] }, taken.part);
    };
    const made = await carryOut()
      .then((done) => {
        mustBeExpected(done.rowsAffected, expect);
        return done;
      })
      .catch((error) => {
        throw lone === true ? error : placed(error, i);
      });
    bytesLeft = Math.max(0, bytesLeft - Buffer.byteLength(made.answer));
    for (const effect of made.effects) effects.push(effect);
    answers.push(made.answer);
    rowsAffected += made.rowsAffected;
    unresolved = made.unresolved ?? unresolved;
  }
  if (!wereOn) await mustLeadSomewhere(store.writer);
  const results = answers.map((answer) => `{${answer}}`).join(",");
  const answer = lone === true ? answers.join() : `"rowsAffected":${rowsAffected},"results":[${results}]`;
  return { effects, rowsAffected, answer, unresolved };
}

function rowsByPart(parts: readonly Part[], rows: Rows): readonly Rows[] {
  let from = 0;
  return parts.map((part) => {
    from += part.rows;
    return rows.slice(from - part.rows, from);
  });
}

function listedPart(
  part: Part | undefined,
  rows: Rows | undefined,
  { atMs, newSeed }: Setting,
): ListedPart | undefined {
  if (part?.shape.kind !== "sql" || !isListed(part.shape)) return undefined;
  const { sql, names } = part.shape;
  const params = paramsText(rows?.[0] ?? [], names);
  return { sql, params, atMs, seed: newSeed(), isLast: part.expect !== undefined };
}

const part = (
  store: Store,
  shape: PartShape,
  rows: Rows,
  setting: Setting,
  bytesMax: number,
): Promise<Made> =>
  shape.kind === "sql"
    ? withSql(store, shape, rows[0] ?? [], setting, bytesMax)
    : carryOutRows(store, shape, rows, setting);
