// What a record says of the time and chance that its statements had, and of what came of them on its master: SQL of clients, and
// row forms with which triggers of clients may go off. A copy on which something else comes of them is none of the equal ones. What a
// master accepted is repeated everywhere and always, also where a bound has become narrower since.
import { Refusal } from "../../core/errors.ts";
import type { Seen } from "../../core/log/record.ts";
import { type Param, type SqlShape, statementLimits } from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";
import type { CompiledShapes } from "../sql/compiled.ts";
import { runSqlList } from "../sql/run-list.ts";
import {
  LostTransactionError,
  paramsText,
  type References,
  returnedHash,
  runRowForm,
  runSql,
  type SqlCall,
  type SqlResult,
} from "../sql/run-sql.ts";
import type { TableShape } from "../sql/shape-sql.ts";

/** What SQL takes for now, and what its chance comes from. */
export interface Moment {
  /** Unix ms: that of the record. */
  readonly atMs: number;
  /** Another one each time. */
  readonly newSeed: () => string;
  /** Whether references are heeded. */
  readonly references?: References;
}

interface Rows {
  readonly shape: TableShape;
  readonly rows: readonly (readonly Param[])[];
}

export function seenOf(result: SqlResult, atMs: number, seed: string, references?: References): Seen {
  const { rowsAffected, lastInsertRowid, usedChance } = result;
  const returned = returnedHash(result);
  return {
    atMs,
    ...(usedChance ? { seed } : {}),
    rowsAffected,
    ...(lastInsertRowid === undefined ? {} : { lastInsertRowid }),
    ...(returned === undefined ? {} : { returned }),
    ...(references === undefined || references === "on" ? {} : { references }),
  };
}

/** A row form on a master. */
export async function guardedRows(
  writer: Connection,
  compiled: CompiledShapes,
  effect: Rows,
  { atMs, newSeed, references }: Moment,
): Promise<{ readonly result: SqlResult; readonly seen: Seen }> {
  const seed = newSeed();
  const result = await runRows(writer, compiled, effect, { atMs, seed, references }).catch((error) => {
    throw error instanceof LostTransactionError
      ? new LostTransactionError(error.message, { cause: ofRows(error.cause) })
      : ofRows(error);
  });
  return { result, seen: seenOf(result, atMs, seed, references) };
}

/** It is about no SQL that the client has sent. */
const ofRows = (error: unknown): unknown =>
  error instanceof Refusal && error.field === "sql" ? new Refusal(error.code, error.message) : error;

function runRows(
  connection: Connection,
  compiled: CompiledShapes,
  { shape, rows }: Rows,
  moment: Pick<SqlCall, "atMs" | "seed" | "references" | "longPatterns">,
): Promise<SqlResult> {
  const { sql, returningIds } = compiled.write(shape);
  return runRowForm(connection, returningIds ?? sql, JSON.stringify(rows), moment);
}

/** @throws Refusal when something else comes of it than on the master */
export async function repeatRows(
  connection: Connection,
  compiled: CompiledShapes,
  effect: Rows,
  seen: Seen,
): Promise<void> {
  const { atMs, seed, references } = seen;
  const result = await runRows(connection, compiled, effect, { atMs, seed, references, longPatterns: true });
  mustBeSeen(result, seen, `${effect.shape.kind} on ${effect.shape.table}`);
}

/** @throws Refusal when something else comes of it than on the master */
export async function repeatSql(
  connection: Connection,
  kept: Schema,
  shape: SqlShape,
  params: readonly Param[],
  seen: Seen | undefined,
): Promise<void> {
  if (seen === undefined) throw new Error("a record of SQL does not say what its master saw");
  const { atMs, seed, references } = seen;
  const { rowsMax, writtenAnswerBytesMax: bytesMax } = statementLimits;
  const call = {
    mayWrite: true,
    kept,
    atMs,
    seed,
    references,
    bytesMax,
    rowsMax,
    longPatterns: true,
  } as const;
  mustBeSeen(await runSql(connection, shape, params, call), seen, shape.sql);
}

/** SQL whose record says nothing that others do not have as well, of time and chance apart. */
export interface SqlEffect {
  readonly shape: SqlShape;
  readonly rows: Rows["rows"];
  readonly seen: Seen;
}

/** One after the other, in as few calls as may be. @throws Refusal when something else comes of one than on the master */
export async function repeatSqlList(connection: Connection, effects: readonly SqlEffect[]): Promise<void> {
  const list = effects.map(({ shape: { sql, names }, rows: [params = []], seen: { atMs, seed } }) => {
    return { sql, params: paramsText(params, names), atMs, seed };
  });
  for (let done = 0; done < list.length; ) {
    const results = await runSqlList(connection, list.slice(done), { apart: false, longPatterns: true });
    for (const result of results) {
      const { seen, shape } = effects[done] as SqlEffect;
      mustBeSeen(result(), seen, shape.sql);
      done += 1;
    }
  }
}

function mustBeSeen(result: SqlResult, seen: Seen, statement: string): void {
  const differs =
    result.rowsAffected !== seen.rowsAffected
      ? `${result.rowsAffected} rows are changed here, ${seen.rowsAffected} were on the master`
      : result.lastInsertRowid !== seen.lastInsertRowid
        ? `a row gets the number ${result.lastInsertRowid} here, ${seen.lastInsertRowid} on the master`
        : returnedHash(result) !== seen.returned
          ? "other rows are returned than on the master"
          : undefined;
  if (differs === undefined) return;
  throw new Refusal("internal", `${differs}, by: ${statement.slice(0, toldCharactersMax)}`);
}

/** Of a statement, in a line of the log. */
const toldCharactersMax = 300;
