// One stream of the libSQL protocol: what its client would call a connection. It keeps the texts that were stored on it, and its open
// transaction; whatever else is asked is carried out at once, reads by a slave, writes by the master.
import type { Param, SqlShape } from "../../core/messages/statement.ts";
import { type SavepointRequest, savepointIn } from "../../core/sql/savepoint.ts";
import { type StatementKind, statementKind } from "../../core/sql/statement-kind.ts";
import { libsqlLimits } from "../limits.ts";
import { shapeOf } from "../requests/sql.ts";
import { partsFrom, ResultTooLargeError, resultFrom } from "./answers.ts";
import type { Database, Moment } from "./database.ts";
import { errorOf, errors, noSavepoint, sqlError } from "./errors.ts";
import { done, type Failed, failed, type Outcome, succeeded } from "./outcomes.ts";
import type { Ready, SqlText, Statement } from "./requests.ts";
import { type Kept, partsOf, Transaction } from "./transaction.ts";

/** What a client's token lets it do beside reading. */
export interface Allowed {
  readonly mayWrite: () => boolean;
  readonly mayDefine: () => boolean;
}

export interface StreamPorts {
  readonly database: Database;
  /** Of a transaction that begins. */
  readonly newMoment: () => Moment;
  readonly kept: Kept;
  /** Told when a transaction begins or ends. @returns whether it may begin */
  readonly mayBegin: () => boolean;
  readonly onEnd: () => void;
  /** What the texts of all streams take. */
  readonly stored: Kept;
}

/** A text, and what it is. */
interface Known {
  readonly sql: string;
  readonly bytes: number;
  readonly shape: SqlShape;
  readonly kind: StatementKind;
}

const knownOf = (sql: string): Known => ({
  sql,
  bytes: Buffer.byteLength(sql),
  shape: shapeOf(sql),
  kind: statementKind(sql),
});

export class Stream {
  readonly #ports: StreamPorts;
  /** A few bytes name them again and again: what they are is looked at once. */
  readonly #texts = new Map<number, Known>();
  #textBytes = 0;
  #transaction: Transaction | undefined;
  /** It was begun by a savepoint. */
  #endsWithSavepoint = false;
  /** As its client has set it; within a transaction nothing sets it, as in SQLite. */
  #references: { readonly references?: "off" } = {};
  isClosed = false;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
  }

  get isAutocommit(): boolean {
    return this.#transaction === undefined;
  }

  /** Its client would miss nothing of it. */
  get keepsNothing(): boolean {
    return this.isAutocommit && this.#texts.size === 0 && this.#references.references === undefined;
  }

  /** @returns undefined where nothing is stored under the number */
  textOf(text: SqlText): string | undefined {
    return "sql" in text ? text.sql : this.#texts.get(text.sqlId)?.sql;
  }

  /** What a request makes of it costs more than to name it. */
  storedBytesOf(text: SqlText): number {
    return "sql" in text ? 0 : (this.#texts.get(text.sqlId)?.bytes ?? 0);
  }

  readyFrom({ text, params, names, wantRows }: Statement): Ready | Failed {
    const known = "sql" in text ? knownOf(text.sql) : this.#texts.get(text.sqlId);
    if (known === undefined) return failed(errors.noText);
    const shape: SqlShape = { ...known.shape, ...(names === undefined ? {} : { names }) };
    return { shape, params, wantRows, kind: known.kind };
  }

  store(sqlId: number, sql: string): Failed | undefined {
    if (this.#texts.has(sqlId)) return failed(sqlError("this sql_id is used already", "SQL_ID_USED"));
    const bytes = Buffer.byteLength(sql);
    const isTooMuch =
      this.#texts.size >= libsqlLimits.storedTextsMax ||
      this.#textBytes + bytes > libsqlLimits.storedBytesMax ||
      this.#ports.stored.bytes + bytes > libsqlLimits.storedBytesOfAllMax;
    if (isTooMuch) return failed(sqlError("too many texts are stored", "SQL_STORE_FULL"));
    this.#texts.set(sqlId, knownOf(sql));
    this.#keepText(bytes);
    return undefined;
  }

  closeText(sqlId: number): void {
    const known = this.#texts.get(sqlId);
    if (known === undefined) return;
    this.#texts.delete(sqlId);
    this.#keepText(-known.bytes);
  }

  #keepText(bytes: number): void {
    this.#textBytes += bytes;
    this.#ports.stored.bytes += bytes;
  }

  /** What was open is undone. */
  close(): void {
    this.isClosed = true;
    this.#endTransaction();
    this.#texts.clear();
    this.#keepText(-this.#textBytes);
  }

  async execute(ready: Ready, allowed: Allowed): Promise<Outcome> {
    const { kind } = ready;
    switch (kind) {
      case "begin":
      case "beginReadOnly":
        return this.#begin(kind === "beginReadOnly");
      case "commit":
        return this.#commit();
      case "rollback":
        return this.#rollback();
      case "savepoint":
        return this.#savepoint(ready);
      case "referencesOff":
      case "referencesOn":
        if (this.#transaction === undefined)
          this.#references = kind === "referencesOff" ? { references: "off" } : {};
        return done;
      default:
        return (
          forbidden(ready, allowed) ??
          withoutRowsUnlessWanted(await within(() => this.#carryOut(ready)), ready)
        );
    }
  }

  #carryOut(ready: Ready): Promise<Outcome> {
    const { kind, shape, params } = ready;
    if (this.#transaction !== undefined) return this.#transaction.execute(ready);
    if (kind === "read") return this.#answeredBySlave(shape, params);
    return this.#references.references === undefined
      ? this.#writtenByMaster(shape, params)
      : this.#alone(ready);
  }

  /** Only a transaction can have it that references are not heeded. */
  async #alone(ready: Ready): Promise<Outcome> {
    const { database, kept } = this.#ports;
    const transaction = new Transaction(database, this.#newMoment(), kept, false);
    try {
      const outcome = await transaction.execute(ready);
      if (outcome.fate !== "ok") return outcome;
      return (await transaction.commit()) ?? outcome;
    } finally {
      transaction.ended();
    }
  }

  readonly #newMoment = (): Moment => ({ ...this.#ports.newMoment(), ...this.#references });

  async #answeredBySlave(shape: SqlShape, params: readonly Param[]): Promise<Outcome> {
    const answer = await this.#ports.database.read(shape, params);
    return answer.ok
      ? succeeded(resultFrom(answer.body, libsqlLimits.resultBytesMax))
      : failed(errorOf(answer.refusal));
  }

  async #writtenByMaster(shape: SqlShape, params: readonly Param[]): Promise<Outcome> {
    const answer = await this.#ports.database.write(shape, [params]);
    // It is done: its rows are bounded where they are made.
    return answer.ok
      ? succeeded(resultFrom(answer.body, Number.POSITIVE_INFINITY))
      : failed(errorOf(answer.refusal));
  }

  #begin(isReadOnly: boolean): Outcome {
    if (this.#transaction !== undefined) return failed(errors.within);
    const { database, kept, mayBegin } = this.#ports;
    if (!mayBegin()) return failed(errors.tooMany);
    this.#transaction = new Transaction(database, this.#newMoment(), kept, isReadOnly);
    return done;
  }

  async #commit(): Promise<Outcome> {
    if (this.#transaction === undefined) return failed(errors.noCommit);
    const failure = await this.#transaction.commit();
    if (failure !== undefined) return failure;
    this.#endTransaction();
    return done;
  }

  #rollback(): Outcome {
    if (this.#transaction === undefined) return failed(errors.noRollback);
    const failure = this.#transaction.rollback();
    this.#endTransaction();
    return failure ?? done;
  }

  /** Outside of a transaction it begins one, which ends when it is released. */
  async #savepoint({ shape }: Ready): Promise<Outcome> {
    const asked = savepointIn(shape.sql);
    if (asked === undefined) return failed(errors.savepoint);
    if (this.#transaction === undefined) return this.#beginBy(asked);
    const isEnd =
      this.#endsWithSavepoint &&
      asked.does === "release" &&
      this.#transaction.savepoints.depthOf(asked.name) === 0;
    return isEnd ? this.#commit() : (this.#transaction.savepoint(asked) ?? done);
  }

  /** Where the savepoint fails, none is left open that its client does not know of. */
  #beginBy(asked: SavepointRequest): Outcome {
    if (asked.does !== "set") return failed(noSavepoint(asked.name));
    const begun = this.#begin(false);
    if (begun.fate !== "ok") return begun;
    this.#endsWithSavepoint = true;
    const set = this.#transaction?.savepoint(asked) ?? done;
    if (set.fate !== "ok") this.#endTransaction();
    return set;
  }

  #endTransaction(): void {
    if (this.#transaction === undefined) return;
    this.#transaction.ended();
    this.#transaction = undefined;
    this.#endsWithSavepoint = false;
    this.#ports.onEnd();
  }

  /**
   * A transaction that is all there, from BEGIN to COMMIT, in one message to the master.
   * @returns what came of each statement; undefined when one of them failed and nothing was done: then each must find out for itself
   */
  async atOnce(statements: readonly Ready[]): Promise<readonly Outcome[] | undefined> {
    const { database } = this.#ports;
    const moment = this.#newMoment();
    const isRead = statements.every(({ kind }) => kind !== "write");
    const parts = partsOf(statements);
    if (parts === undefined) return undefined;
    const rows = statements.map(({ params }) => params);
    const answer = isRead
      ? await database.tried(parts, rows, moment)
      : await database.write({ kind: "batch", parts, transaction: moment }, rows);
    if (!answer.ok) {
      const { sqlite, code } = answer.refusal;
      if (sqlite !== undefined || code === "too_large") return undefined;
      return [failed(errorOf(answer.refusal))];
    }
    // What is written is done: its answers are bounded where they are made.
    const gave = partsFrom(answer.body, isRead ? libsqlLimits.resultBytesMax : Number.POSITIVE_INFINITY);
    if (gave.some((part) => part?.error !== undefined)) return undefined;
    return gave.map((part, i) => {
      const outcome = part === null ? done : succeeded(part.result);
      const ready = statements[i];
      return ready === undefined ? outcome : withoutRowsUnlessWanted(outcome, ready);
    });
  }
}

export function forbidden({ kind, shape }: Ready, { mayWrite, mayDefine }: Allowed): Failed | undefined {
  if (kind !== "write") return undefined;
  if (!mayWrite()) return failed(errors.mayNotWrite);
  return shape.schema === true && !mayDefine() ? failed(errors.mayNotDefine) : undefined;
}

function withoutRowsUnlessWanted(outcome: Outcome, { wantRows }: Ready): Outcome {
  if (wantRows || outcome.fate !== "ok") return outcome;
  return { ...outcome, result: { ...outcome.result, rows: [] } };
}

async function within(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ResultTooLargeError) return failed(errors.resultTooLarge);
    throw error;
  }
}
