// Carries out a record's effects on a copy. Master and slaves use the same calls, and nothing here depends on time, chance
// or the order in which a table yields its rows, so equal copies stay equal.

import { assertNever, Refusal } from "../../core/errors.ts";
import type { Effect } from "../../core/log/record.ts";
import type { Param, WriteShape } from "../../core/messages/statement.ts";
import { migrate } from "../../core/rules/migration.ts";
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";
import type { CompiledShapes } from "../sql/compiled.ts";
import { clearSql, type TableShape } from "../sql/shape-sql.ts";
import { StorageFullError } from "../sqlite-errors.ts";
import { expireKeys } from "./keys.ts";

export interface Changes {
  readonly rowsAffected: number;
  /** A counter that has passed 2^53 gives numbers that a double does not hold. */
  readonly ids?: readonly (number | bigint)[];
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

/** Adjacent inserts of one shape become one: a new slave replays the log this way at the speed of bulk loading. */
export function merged(effects: readonly Effect[]): readonly Effect[] {
  const out: Effect[] = [];
  let lastKey = "";
  let lastRows: (readonly Param[])[] = [];
  for (const effect of effects) {
    const isInsert = "shape" in effect && effect.shape.kind === "insert";
    const key = isInsert ? JSON.stringify(effect.shape) : "";
    if (isInsert && key === lastKey) {
      for (const row of effect.rows) lastRows.push(row);
      continue;
    }
    lastKey = key;
    lastRows = isInsert ? [...effect.rows] : [];
    out.push(isInsert ? { shape: effect.shape, rows: lastRows } : effect);
  }
  return out;
}

/** @returns the schema afterwards: the same object when the effect did not touch it */
export async function applyEffect(
  connection: Connection,
  compiled: CompiledShapes,
  schema: Schema,
  effect: Effect,
): Promise<Schema> {
  if ("schema" in effect) {
    const migration = migrate(schema, effect.schema);
    for (const statement of migration.statements) await connection.exec(statement);
    return migration.schema;
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
  { shape, rows }: Extract<Effect, { readonly shape: WriteShape }>,
): Promise<void> {
  switch (shape.kind) {
    case "barrier":
      return;
    case "clear":
      return connection.exec(clearSql(schema));
    case "insert":
    case "update":
    case "delete":
      await connection.run(compiled.write(shape).sql, JSON.stringify(rows));
      return;
    default:
      assertNever(shape);
  }
}
