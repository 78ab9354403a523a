// A transaction of a client, as the master carries it out: the same statements each time, in one moment and with one source of chance.
// A trial is undone and tells what comes of the newest of them. The commit is the same once more, reads included, and stays only if
// each statement gives what its client was told in the trials.
import { createHash } from "node:crypto";
import { messageOf, Refusal, refusalBody } from "../../core/errors.ts";
import { queueLimits } from "../../core/messages/queues.ts";
import {
  isSavepoint,
  type Param,
  type Part,
  type SavepointPart,
  type SqlShape,
  statementLimits,
  type Transaction,
  type TransactionPart,
  type WriteShape,
} from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import type { Made, ShapedEffect } from "../copy/effects.ts";
import { seenOf } from "../copy/seen.ts";
import type { Store } from "../copy/store.ts";
import type { Connection } from "../disk.ts";
import { LostTransactionError, paramsText, runSql, type SqlCall, type SqlResult } from "../sql/run-sql.ts";
import { InterruptedError, OutOfMemoryError, refusalOf, StorageFullError } from "../sqlite-errors.ts";
import { beforeDefining } from "./definitions.ts";
import type { WriteResult } from "./draft.ts";
import { isListed, type ListedPart, ListedParts } from "./listed-parts.ts";
import { mustLeadSomewhere } from "./references.ts";

type Rows = readonly (readonly Param[])[];

/** @throws Refusal, or what is not the request's fault */
export async function inTransaction(
  store: Store,
  parts: readonly TransactionPart[],
  rows: Rows,
  transaction: Setting,
): Promise<Made> {
  const { trial } = transaction;
  if (trial !== undefined && trial.minPosition > store.applied.position)
    throw new Refusal("not_fresh", "this master has not all that was acknowledged; send it again");
  const effects: ShapedEffect[] = [];
  let unresolved = false;
  const { references } = transaction;
  const answers: string[] = [];
  const savepoints: Savepoint[] = [];
  // What is committed is kept under its key, and so is its answer.
  let bytesLeft: number =
    trial === undefined ? statementLimits.writtenAnswerBytesMax : queueLimits.answerBytesMax;
  const listed = new ListedParts(store.writer, (i) => listedPart(parts[i], i, rows[i] ?? [], transaction));
  for (const [i, part] of parts.entries()) {
    if (isSavepoint(part)) {
      const kept = await atSavepoint(store.writer, part.shape, savepoints, {
        effects: effects.length,
        unresolved,
      });
      effects.length = kept.effects;
      unresolved = kept.unresolved;
      answers.push("null");
      continue;
    }
    const done = await carriedOut(store, part, i, rows[i] ?? [], { ...transaction, bytesLeft, listed });
    if (done.effect !== undefined) effects.push(done.effect);
    unresolved = done.unresolved ?? unresolved;
    if (part.gave === undefined) {
      bytesLeft = Math.max(0, bytesLeft - Buffer.byteLength(done.answer));
      answers.push(`{${done.answer},"readonly":${done.effect === undefined},"gave":"${done.gave}"}`);
    } else if (part.gave === done.gave) answers.push("null");
    else throw changedMeanwhile(i);
  }
  if (references !== undefined && trial === undefined) await mustLeadSomewhere(store.writer);
  const rowsAffected = effects.reduce((sum, { seen }) => sum + (seen?.rowsAffected ?? 0), 0);
  const answer = `"rowsAffected":${rowsAffected},"results":[${answers.join()}]`;
  // Only the end of a transaction looks at it, and a trial is none.
  return { effects, rowsAffected, answer, unresolved: unresolved && trial === undefined };
}

/** What had been done when it was set. */
interface Savepoint {
  readonly effects: number;
  readonly unresolved: boolean;
}

/**
 * SQLite has them as the client does, under names of our own. What is undone stays among the statements, for its client saw what came of
 * it, and is none of the effects.
 * @returns what is left of what was done
 */
async function atSavepoint(
  writer: Connection,
  { does, depth }: SavepointPart["shape"],
  savepoints: Savepoint[],
  done: Savepoint,
): Promise<Savepoint> {
  const isThere = does === "set" ? depth === savepoints.length : depth < savepoints.length;
  if (!isThere) throw new Refusal("bad_request", `there is no savepoint of the depth ${depth}`);
  switch (does) {
    case "set":
      await writer.exec(`SAVEPOINT depth_${depth}`);
      savepoints.push(done);
      return done;
    case "release":
      await writer.exec(`RELEASE depth_${depth}`);
      savepoints.length = depth;
      return done;
    case "undo":
      await writer.exec(`ROLLBACK TO depth_${depth}`);
      savepoints.length = depth + 1;
      return savepoints[depth] ?? done;
  }
}

export const isTrial = (shape: WriteShape): boolean =>
  shape.kind === "batch" && shape.transaction?.trial !== undefined;

/** @param position how far the copy is: what was tried is nowhere */
export const toldOfTrial = (made: Made | Refusal, position: number): WriteResult =>
  made instanceof Refusal
    ? { ok: false, body: JSON.stringify(refusalBody(made)), position }
    : { ok: true, body: `{${made.answer},"position":${position}}`, position };

const changedMeanwhile = (index: number): Refusal =>
  new Refusal(
    "unexpected_result",
    "the transaction saw data that others have changed meanwhile; nothing of it was done, begin it again",
    `statements[${index}]`,
    "SQLITE_BUSY",
  );

interface Setting extends Transaction {
  /** The manifest's. */
  readonly schema: Schema;
}

interface Bounded extends Setting {
  /** Of what is left of the answer. */
  readonly bytesLeft: number;
  readonly listed: ListedParts;
}

/** One that ends all of it when it fails can be carried out in one call with others. One that claims to read alone is held to that. */
function listedPart(
  part: TransactionPart | undefined,
  index: number,
  params: readonly Param[],
  { atMs, seed, references, trial }: Setting,
): ListedPart | undefined {
  if (part === undefined || isSavepoint(part) || trial !== undefined || references !== undefined)
    return undefined;
  const { shape, reads, gave } = part;
  if (shape.kind !== "sql" || !isListed(shape) || reads !== undefined || gave !== undefined) return undefined;
  const { sql, names } = shape;
  return { sql, params: paramsText(params, names), atMs, seed: seedOf(seed, index), isLast: false };
}

/** Each statement has its own, the same each time. */
const seedOf = (seed: string, index: number): string => `${seed}/${index}`;

interface Done {
  /** Absent where nothing was changed. */
  readonly effect?: ShapedEffect | undefined;
  /** JSON without its braces. */
  readonly answer: string;
  readonly gave: string;
  /** Whether a row refers to one that is not there; undefined where what was done cannot say. */
  readonly unresolved?: boolean;
}

async function carriedOut(
  store: Store,
  part: Part,
  index: number,
  params: readonly Param[],
  { atMs, seed, references, trial, schema: kept, bytesLeft, listed }: Bounded,
): Promise<Done> {
  const { shape, reads, gave } = part;
  if (shape.kind !== "sql")
    throw new Refusal("bad_request", "a transaction has SQL only", `statements[${index}]`);
  const own = seedOf(seed, index);
  const bytesMax = gave === undefined ? bytesLeft : queueLimits.answerBytesMax;
  const limits = { kept, atMs, seed: own, references, bytesMax, rowsMax: statementLimits.rowsMax };
  const run = () => ran(store, shape, params, { ...limits, mayWrite: reads === undefined });
  // Without one that others go on behind, all is undone with a statement that fails.
  const mayFail = trial !== undefined || gave !== undefined;
  const result = mayFail
    ? await failing(store.writer, run, reads !== undefined)
    : await listed
        .take(index, bytesMax)
        .then((taken) => taken?.result ?? run())
        .catch((error) => Promise.reject(placed(error, index)));
  if (result instanceof Refusal) {
    const answer = `"error":${JSON.stringify(refusalBody(result))}`;
    return { answer, gave: hashOf(answer) };
  }
  const answer = sqlAnswer(result);
  const effect = result.readonly
    ? undefined
    : { shape, rows: [params], seen: seenOf(result, atMs, own, references) };
  return { effect, answer, gave: hashOf(answer), unresolved: result.unresolved };
}

/** A statement that may change the schema leaves the manifest's part of it as it is. */
export async function defining(
  store: Store,
  shape: SqlShape,
  params: readonly Param[],
  call: SqlCall & { readonly kept: Schema },
): Promise<SqlResult> {
  const look = shape.schema === true ? await beforeDefining(store.writer, call.kept) : undefined;
  if (look !== undefined) store.defines();
  const result = await runSql(store.writer, shape, params, call);
  await look?.();
  return result;
}

/** What changes data is carried out by each copy, within what a write may answer. */
async function ran(...what: Parameters<typeof defining>): Promise<SqlResult> {
  const result = await defining(...what);
  if (result.readonly || Buffer.byteLength(result.text) <= statementLimits.writtenAnswerBytesMax)
    return result;
  throw new Refusal(
    "too_large",
    `a write may return ${statementLimits.writtenAnswerBytesMax} bytes`,
    "sql",
    "SQLITE_TOOBIG",
  );
}

/** @returns the refusal of a statement that failed, with nothing of it done; the transaction goes on behind it */
async function failing(
  writer: Connection,
  run: () => Promise<SqlResult>,
  onlyReads: boolean,
): Promise<SqlResult | Refusal> {
  if (!onlyReads) await writer.exec("SAVEPOINT part");
  try {
    const result = await run();
    if (!onlyReads) await writer.exec("RELEASE part");
    return result;
  } catch (error) {
    const refusal = isWhole(error) ? null : refusalOf(error);
    if (refusal === null) throw error;
    if (!onlyReads) await writer.exec("ROLLBACK TO part; RELEASE part");
    return refusal;
  }
}

const hashLength = 22; // 128 bits in base64url

const hashOf = (answer: string): string =>
  createHash("sha256").update(answer).digest("base64url").slice(0, hashLength);

/** It ends the whole request, and perhaps others with it. */
const isWhole = (error: unknown): boolean =>
  error instanceof InterruptedError ||
  error instanceof OutOfMemoryError ||
  error instanceof StorageFullError ||
  error instanceof LostTransactionError;

export function sqlAnswer({ rowsAffected, lastInsertRowid, text }: SqlResult): string {
  const id = lastInsertRowid === undefined ? "" : `,"lastInsertRowid":${lastInsertRowid}`;
  return `"rowsAffected":${rowsAffected}${id},${text}`;
}

/** A refusal names the statement that it is about; what else there is stays what it is. */
export function placed(error: unknown, index: number): unknown {
  if (isWhole(error)) return error;
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const { code, field, sqlite } = refusal;
  const inside = field === undefined ? "" : `.${field}`;
  return new Refusal(code, messageOf(refusal), `statements[${index}]${inside}`, sqlite);
}
