// Runs a statement in a client's own SQL, through the extension (`worker/sqlite-extension/dbaas.c`), which keeps it to what a client
// may touch, and makes of the result what is answered and what is compared between copies.
import { createHash } from "node:crypto";
import { queueLimits } from "../../core/messages/queues.ts";
import type { Param, SqlShape } from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";
import { errorOfSql } from "../sqlite-errors.ts";
import { isShadowed, unshadowed } from "./shadowed.ts";

export interface SqlLimits {
  /** Of the text that the result is answered as. */
  readonly bytesMax: number;
  readonly rowsMax: number;
}

export interface SqlCall extends SqlLimits {
  readonly mayWrite: boolean;
  /** Of the manifest: a statement that changes the schema leaves these tables as they are. */
  readonly kept?: Schema;
  /** Unix ms: what the statement takes for now. */
  readonly atMs: number;
  /** What its chance comes from. Without one a read has SQLite's own, and a write none. */
  readonly seed?: string | undefined;
  readonly references?: References | undefined;
  /** Patterns may be as long as the connection has it: no write waits for a read, and a copy repeats what its master accepted. */
  readonly longPatterns?: true | undefined;
}

export interface SqlResult {
  /** `"columns":[…],"rows":[…]`, JSON without its braces. */
  readonly text: string;
  /** Whether it has any. */
  readonly columns: boolean;
  readonly rows: number;
  readonly readonly: boolean;
  readonly rowsAffected: number;
  readonly lastInsertRowid: string | undefined;
  readonly usedChance: boolean;
  /** Whether a row refers to one that is not there, which the end of the transaction would refuse. */
  readonly unresolved: boolean;
}

/** The open transaction went with the statement. */
export class LostTransactionError extends Error {
  override readonly name = "LostTransactionError";
}

const call = "dbaas_run(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const groupedCall = "dbaas_run(?1, _dbaas_request.value, ?3, ?4, ?5, ?6, ?7, NULL)";
/** What a statement may do is the sum of them. */
export const modes = {
  writes: 1,
  defines: 2,
  isRowForm: 4,
  references: { on: 0, off: 8, deferred: 16 },
  /** Of a list. */
  apart: 32,
  longPatterns: 64,
} as const;

/** Whether references to other rows are heeded. */
export type References = keyof (typeof modes)["references"];

interface Call extends SqlLimits {
  readonly mode: number;
  readonly atMs: number;
  readonly seed?: string | undefined;
  readonly references?: References | undefined;
  readonly kept?: Schema | undefined;
  readonly longPatterns?: true | undefined;
}

async function called(
  connection: Connection,
  sql: string,
  params: string,
  { mode, references = "on", atMs, seed, bytesMax, rowsMax, kept, longPatterns }: Call,
): Promise<SqlResult> {
  const names = kept === undefined ? null : `\n${kept.tables.map(({ name }) => name).join("\n")}\n`;
  const [row] = await connection.all(
    `SELECT ${call} AS result`,
    sql,
    params,
    mode + modes.references[references] + (longPatterns === true ? modes.longPatterns : 0),
    atMs,
    seed ?? null,
    bytesMax,
    rowsMax,
    names,
  );
  return resultIn(String(row?.result));
}

/** @throws Refusal, or what is not the statement's fault; LostTransactionError with one of them as its cause */
export async function runSql(
  connection: Connection,
  { sql, names, schema }: SqlShape,
  params: readonly Param[],
  { mayWrite, kept, ...rest }: SqlCall,
): Promise<SqlResult> {
  const text = paramsText(params, names);
  if (!mayWrite || schema !== true)
    return called(connection, sql, text, { ...rest, mode: mayWrite ? modes.writes : 0 });
  if (kept === undefined) throw new Error("it is not said which tables are the manifest's");
  return called(connection, sql, text, { ...rest, mode: modes.writes + modes.defines, kept });
}

const rowFormLimits = {
  bytesMax: queueLimits.messageBytesMax,
  rowsMax: queueLimits.messageBytesMax,
} as const;

/**
 * A row form, in the worker's own SQL, where triggers of clients may go off with it: they are kept to what SQL of clients may do, and
 * have the time and chance of the record.
 */
export async function runRowForm(
  connection: Connection,
  sql: string,
  rows: string,
  moment: Pick<SqlCall, "atMs" | "seed" | "references" | "longPatterns">,
): Promise<SqlResult> {
  const how = { ...rowFormLimits, ...moment, mode: modes.writes + modes.isRowForm };
  const params = field("t", rows);
  return called(connection, sql, params, how).catch((error) => {
    if (!isShadowed(error)) throw error;
    return called(connection, unshadowed(sql), params, how);
  });
}

/** Compiles a definition, or an expression of one, without running it. @throws Refusal where it calls what it may not */
export async function compileDefinition(connection: Connection, sql: string, kept: Schema): Promise<void> {
  const mode = modes.writes + modes.defines + modes.isRowForm;
  await called(connection, `EXPLAIN ${sql}`, "", { ...rowFormLimits, mode, atMs: 0, kept });
}

/** The same read with different parameters, in one call. @throws the error of the first that has one */
export async function runSqlGroup(
  connection: Connection,
  { sql, names }: SqlShape,
  group: readonly (readonly Param[])[],
  { atMs, bytesMax, rowsMax }: Omit<SqlCall, "mayWrite" | "seed">,
): Promise<readonly SqlResult[]> {
  const rows = await connection.all(
    `SELECT ${groupedCall} AS result FROM json_each(?2) AS _dbaas_request`,
    sql,
    JSON.stringify(group.map((params) => paramsText(params, names))),
    modes.longPatterns,
    atMs,
    null,
    bytesMax,
    rowsMax,
  );
  return rows.map(({ result }) => resultIn(String(result)));
}

/** What the statement takes and gives, without running it. @throws as `runSql` does */
export async function describeSql(
  connection: Connection,
  { sql, schema }: SqlShape,
  bytesMax: number,
): Promise<SqlResult> {
  const describing = "SELECT dbaas_describe(?1, ?2, ?3) AS result";
  const [row] = await connection.all(describing, sql, bytesMax, schema === true ? 1 : 0);
  return resultIn(String(row?.result));
}

const hashLength = 22; // 128 bits in base64url

/** Of the rows that a statement returned. @returns undefined for one that returns none by its nature */
export const returnedHash = ({ columns, text }: SqlResult): string | undefined =>
  columns ? createHash("sha256").update(text).digest("base64url").slice(0, hashLength) : undefined;

interface Facts {
  readonly readonly: 0 | 1;
  readonly changes: number;
  readonly rowid: string | null;
  readonly rows: number;
  readonly random: 0 | 1;
  readonly unresolved: number;
}

interface Failure {
  readonly code: number;
  readonly name: string;
  readonly message: string;
  readonly lost: 0 | 1;
}

const noColumns = '"columns":[]';

function resultIn(lines: string): SqlResult {
  const end = lines.lastIndexOf("\n");
  return resultOf(lines.slice(0, end), lines.slice(end + 1));
}

/** @param told the line behind the text @throws as `runSql` does */
export function resultOf(text: string, told: string): SqlResult {
  const facts = JSON.parse(told) as Facts | Failure;
  if ("code" in facts) throw thrown(facts);
  return {
    text,
    columns: !text.startsWith(noColumns),
    rows: facts.rows,
    readonly: facts.readonly === 1,
    rowsAffected: facts.changes,
    lastInsertRowid: facts.rowid ?? undefined,
    usedChance: facts.random === 1,
    unresolved: facts.unresolved > 0,
  };
}

function thrown({ code, name, message, lost }: Failure): Error {
  const error = errorOfSql(code, name, message);
  return lost === 1 ? new LostTransactionError("the transaction is undone", { cause: error }) : error;
}

/** As the extension reads them: for each a letter, the number of its bytes, a colon, and the bytes. */
export function paramsText(params: readonly Param[], names: readonly string[] | undefined): string {
  let text = "";
  for (const [i, param] of params.entries()) {
    const name = names?.[i];
    if (name !== undefined) text += field("k", name);
    text += paramText(param);
  }
  return text;
}

export const field = (type: string, text: string): string => `${type}${Buffer.byteLength(text)}:${text}`;

const letters: Readonly<Record<string, string>> = { integer: "i", real: "d", blob: "b" };

function paramText(param: Param): string {
  if (param === null) return field("n", "");
  if (typeof param === "string") return field("t", param);
  if (typeof param === "boolean") return field("i", param ? "1" : "0");
  if (typeof param === "number") return field(Number.isSafeInteger(param) ? "i" : "d", String(param));
  const [type, value] = param;
  return field(letters[String(type)] ?? "?", String(value));
}
