// Carries out a record's effects on a copy. Master and slaves use the same calls, and nothing here depends on time or chance, so
// equal copies stay equal. SQL of a client may depend on the order in which a table yields its rows, which equal copies share; what
// its master saw stands in the record, and a copy that sees something else is none of them any more.

import { assertNever, messageOf, Refusal } from "../../core/errors.ts";
import type { Effect } from "../../core/log/record.ts";
import type { Param, WriteShape } from "../../core/messages/statement.ts";
import { migrate } from "../../core/rules/migration.ts";
import { without } from "../../core/rules/release.ts";
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";
import type { CompiledShapes } from "../sql/compiled.ts";
import { LostTransactionError } from "../sql/run-sql.ts";
import type { TableShape } from "../sql/shape-sql.ts";
import { InterruptedError, refusalOf, StorageFullError } from "../sqlite-errors.ts";
import { clearAll } from "./clear.ts";
import { expireKeys } from "./keys.ts";
import { guardedRows, type Moment, repeatRows, repeatSql, repeatSqlList, type SqlEffect } from "./seen.ts";

interface Changes {
  readonly rowsAffected: number;
  /** A counter that has passed 2^53 gives numbers that a double does not hold. */
  readonly ids?: readonly (number | bigint)[];
}

export type ShapedEffect = Extract<Effect, { readonly shape: WriteShape }>;

/** What a request changed, and how the record and the answer say it. */
export interface Made {
  readonly effects: readonly ShapedEffect[];
  readonly rowsAffected: number;
  /** JSON without its braces. */
  readonly answer: string;
  /** Whether a row refers to one that is not there; undefined where what was done cannot say. */
  readonly unresolved?: boolean;
}

interface Tables {
  readonly writer: Connection;
  readonly compiled: CompiledShapes;
  readonly schema: Schema;
  /** Whether more may happen with a row form than it says, by what SQL of clients has made. */
  readonly guarded: () => Promise<boolean>;
}

type RowShape = TableShape | Extract<WriteShape, { readonly kind: "clear" }>;

/** Carries out a row form on a master. @throws Refusal, or what is not the request's fault */
export async function carryOutRows(
  { writer, compiled, schema, guarded }: Tables,
  shape: RowShape,
  rows: readonly (readonly Param[])[],
  moment: Moment,
): Promise<Made> {
  if (shape.kind === "clear") {
    const effect = { shape, rows: [] };
    await applyEffect(writer, compiled, schema, effect);
    return { effects: [effect], rowsAffected: 0, answer: rowsAnswer({ rowsAffected: 0 }) };
  }
  const effect = compiled.fitWrite(shape, rows);
  if (isApart(moment) || (await guarded())) {
    const { result, seen } = await guardedRows(writer, compiled, effect, moment).catch((error) =>
      throwCounterError(writer, shape, error),
    );
    const { rowsAffected, unresolved } = result;
    const ids = compiled.write(effect.shape).returningIds === null ? undefined : idsOf(result.text);
    const answer = rowsAnswer({ rowsAffected, ...(ids === undefined ? {} : { ids }) });
    return { effects: [{ ...effect, seen }], rowsAffected, answer, unresolved };
  }
  const changes = await writeRows(writer, compiled, effect.shape, effect.rows);
  return { effects: [effect], rowsAffected: changes.rowsAffected, answer: rowsAnswer(changes) };
}

export function rowsAnswer({ rowsAffected, ids }: Changes): string {
  const keys = ids === undefined ? "" : `,"ids":[${ids.join(",")}]`;
  return `"rowsAffected":${rowsAffected}${keys}`;
}

export async function writeRows(
  connection: Connection,
  compiled: CompiledShapes,
  shape: TableShape,
  rows: readonly (readonly Param[])[],
): Promise<Changes> {
  const { sql, returningIds } = compiled.write(shape);
  const params = JSON.stringify(rows);
  if (returningIds === null) return { rowsAffected: await connection.run(sql, params) };
  const inserted = await connection
    .all(returningIds, params)
    .catch((error) => throwCounterError(connection, shape, error));
  return { rowsAffected: inserted.length, ids: inserted.map((row) => exactId(String(row.id))) };
}

/** References are heeded otherwise than by all others. */
export const isApart = ({ references = "on" }: Moment): boolean => references !== "on";

const idsOf = (text: string): readonly (number | bigint)[] =>
  (JSON.parse(`{${text}}`) as { readonly rows: readonly [string][] }).rows.map(([id]) => exactId(id));

function exactId(digits: string): number | bigint {
  const id = Number(digits);
  return Number.isSafeInteger(id) ? id : BigInt(digits);
}

const counterEnd = "9223372036854775807";

/** A counter at its end and a full disk are one error to SQLite. */
async function throwCounterError(
  connection: Connection,
  { table }: TableShape,
  error: unknown,
): Promise<never> {
  if (!(error instanceof StorageFullError)) throw error;
  const [counter] = await connection.all(
    "SELECT CAST(seq AS TEXT) AS seq FROM sqlite_sequence WHERE name = ?1",
    table,
  );
  if (counter?.seq !== counterEnd) throw error;
  throw new Refusal(
    "constraint_violation",
    `the counter of table ${table} is at its end, ${counterEnd}: rows need a key of their own`,
  );
}

// How a request is tried so that one that is refused harms no other of its transaction.

/** @throws the error itself where it is not the request's fault, or says only that the request was interrupted */
function refusalFor(error: unknown): Refusal {
  const refusal = error instanceof InterruptedError ? null : refusalOf(error);
  if (refusal === null) throw error;
  return refusal;
}

/** @returns the refusal, with the savepoint undone; @throws what is not the request's fault */
export async function attempted<T>(writer: Connection, work: () => Promise<T>): Promise<T | Refusal> {
  await writer.exec("SAVEPOINT request");
  try {
    const result = await work();
    await writer.exec("RELEASE request");
    return result;
  } catch (error) {
    const refusal = refusalFor(error);
    // Some errors make SQLite undo the whole transaction: then it cannot go on, for the reason that there was. References that were put off
    // until the commit are else put off for all that follows in it, which no copy could repeat.
    await writer
      .exec("ROLLBACK TO request; RELEASE request; PRAGMA defer_foreign_keys = OFF")
      .catch(() => Promise.reject(error));
    return refusal;
  }
}

/**
 * The same for work that is one statement: of one that fails SQLite itself undoes what it had done, so that it needs no savepoint, which
 * is two more ways to SQLite's thread and back.
 * @throws LostTransactionError when the whole transaction is gone with it
 */
export async function attemptedStatement<T>(
  writer: Connection,
  work: () => Promise<T>,
): Promise<T | Refusal> {
  try {
    return await work();
  } catch (error) {
    const refusal = refusalFor(error);
    if (await isInTransaction(writer)) return refusal;
    throw new LostTransactionError("a statement took the transaction with it", { cause: error });
  }
}

/**
 * Some errors make SQLite undo the whole transaction. Only what it says of a second BEGIN shows that there is one: that may fail for other
 * reasons. Where it does not fail there is an open transaction again, for the caller to roll back.
 */
const isInTransaction = (writer: Connection): Promise<boolean> =>
  writer.exec("BEGIN").then(
    () => false,
    (error: unknown) => messageOf(error).includes("within a transaction"),
  );

/** What a copy does in one step: an effect, or SQL that is carried out one after the other in one call. */
export type Step = Effect | { readonly list: readonly SqlEffect[] };

/**
 * Adjacent inserts of one shape become one, and adjacent SQL a list: a new slave replays the log this way at the speed of bulk
 * loading.
 */
export function merged(effects: readonly Effect[]): readonly Step[] {
  const out: Step[] = [];
  let lastKey = "";
  let lastRows: (readonly Param[])[] = [];
  let list: SqlEffect[] | undefined;
  for (const effect of effects) {
    const isInsert = "shape" in effect && effect.shape.kind === "insert" && effect.seen === undefined;
    const key = isInsert ? JSON.stringify(effect.shape) : "";
    if (isInsert && key === lastKey) {
      for (const row of effect.rows) lastRows.push(row);
      continue;
    }
    lastKey = key;
    lastRows = isInsert ? [...effect.rows] : [];
    if (isRepeatedInList(effect)) {
      if (list === undefined) {
        list = [];
        out.push({ list });
      }
      list.push(effect);
    } else {
      list = undefined;
      out.push(isInsert ? { shape: effect.shape, rows: lastRows } : effect);
    }
  }
  return out;
}

/** What a master may do in one call with others (`isListed`), as a copy finds it in a record. */
const isRepeatedInList = (effect: Effect): effect is SqlEffect =>
  "shape" in effect &&
  effect.shape.kind === "sql" &&
  effect.shape.schema !== true &&
  effect.seen !== undefined &&
  effect.seen.references === undefined;

/** @returns the schema afterwards: the same object when the effect did not touch it */
export async function applyEffect(
  connection: Connection,
  compiled: CompiledShapes,
  schema: Schema,
  effect: Step,
): Promise<Schema> {
  if ("list" in effect) {
    await repeatSqlList(connection, effect.list);
    return schema;
  }
  if ("schema" in effect) {
    const migration = migrate(schema, effect.schema);
    for (const statement of migration.statements) await connection.exec(statement);
    return without(migration.schema, effect.releases);
  }
  if ("expireKeys" in effect) {
    await expireKeys(connection, effect.expireKeys);
    return schema;
  }
  await applyWrite(connection, compiled, schema, effect);
  return schema;
}

async function applyWrite(
  connection: Connection,
  compiled: CompiledShapes,
  schema: Schema,
  { shape, rows, seen }: Extract<Effect, { readonly shape: WriteShape }>,
): Promise<void> {
  switch (shape.kind) {
    case "barrier":
      return;
    case "clear":
      return clearAll(connection, schema);
    case "sql":
      return repeatSql(connection, schema, shape, rows[0] ?? [], seen);
    case "batch":
      throw new Error("the log holds the parts of a batch, never a batch");
    case "insert":
    case "update":
    case "delete":
      if (seen !== undefined) return repeatRows(connection, compiled, { shape, rows }, seen);
      await connection.run(compiled.write(shape).sql, JSON.stringify(rows));
      return;
    default:
      assertNever(shape);
  }
}
