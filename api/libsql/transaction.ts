// An open transaction of a client. The database holds nothing for it: this is the list of its statements with what came of each, and
// the moment and the chance that they all have. A statement is tried with those before it; a commit sends them all once more, to stay
// if everything comes out as it was told. So others never wait for it, and it outlives the master.
import {
  type Param,
  type Part,
  statementLimits,
  type TransactionPart,
} from "../../core/messages/statement.ts";
import { type SavepointRequest, savepointIn } from "../../core/sql/savepoint.ts";
import { bytesOf } from "../batching/pending.ts";
import { libsqlLimits } from "../limits.ts";
import { partsFrom } from "./answers.ts";
import type { Database, Moment } from "./database.ts";
import { errorOf, errors, noSavepoint, sqlError } from "./errors.ts";
import { type Failed, failed, type Outcome, succeeded } from "./outcomes.ts";
import type { Ready } from "./requests.ts";
import { Savepoints } from "./savepoints.ts";

/** What all transactions keep, together. */
export interface Kept {
  bytes: number;
}

const partOf = ({ shape, kind }: Ready): Part => ({
  shape,
  rows: 1,
  ...(kind === "write" ? {} : { reads: true }),
});

/** Those of a transaction that is all there. @returns undefined where a savepoint is none */
export function partsOf(statements: readonly Ready[]): readonly TransactionPart[] | undefined {
  const savepoints = new Savepoints();
  const parts: TransactionPart[] = [];
  for (const ready of statements) {
    const asked = ready.kind === "savepoint" ? savepointIn(ready.shape.sql) : undefined;
    const part = ready.kind === "savepoint" ? asked && savepoints.part(asked) : partOf(ready);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

/** What a savepoint takes beside its name. */
const savepointBytes = 100;

const tooManyStatements = failed(
  sqlError(`a transaction may have ${statementLimits.statementsMax} statements`, "SQLITE_FULL"),
);
const tooManyBytes = failed(
  sqlError("the statements and arguments of the transaction are too large", "SQLITE_FULL"),
);

export class Transaction {
  readonly #database: Database;
  readonly #moment: Moment;
  readonly #kept: Kept;
  readonly #isReadOnly: boolean;
  readonly #parts: {
    readonly part: TransactionPart;
    readonly params: readonly Param[];
    readonly readonly: boolean;
  }[] = [];
  readonly savepoints = new Savepoints();
  #bytes = 0;
  /** `broken`: others changed what it saw. `unknown`: its commit was sent and not answered. */
  #state: "open" | "broken" | "unknown" = "open";

  constructor(database: Database, moment: Moment, kept: Kept, isReadOnly: boolean) {
    this.#database = database;
    this.#moment = moment;
    this.#kept = kept;
    this.#isReadOnly = isReadOnly;
  }

  async execute(ready: Ready): Promise<Outcome> {
    if (this.#isReadOnly && ready.kind === "write") return failed(errors.readOnly);
    const bytes = bytesOf(JSON.stringify([ready.shape, ready.params]));
    const refusal = this.#refusalOf(bytes);
    if (refusal !== undefined) return refusal;
    const part = partOf(ready);
    const answer = await this.#database.tried(
      [...this.#parts.map((one) => one.part), part],
      [...this.#rows, ready.params],
      this.#moment,
    );
    if (!answer.ok) return this.#refused(errorOf(answer.refusal), answer.refusal.field);
    const told = partsFrom(answer.body, libsqlLimits.resultBytesMax).at(-1);
    if (told === undefined || told === null)
      return failed(sqlError("the worker's answer cannot be read", "INTERNAL"));
    this.#keep(bytes);
    this.#parts.push({
      part: { ...part, gave: told.gave },
      params: ready.params,
      readonly: told.readonly,
    });
    return told.error === undefined ? succeeded(told.result) : failed(errorOf(JSON.parse(told.error)));
  }

  /** Nothing is tried: what is undone is left out from the next statement on. */
  savepoint(asked: SavepointRequest): Failed | undefined {
    const bytes = bytesOf(asked.name) + savepointBytes;
    const refusal = this.#refusalOf(bytes);
    if (refusal !== undefined) return refusal;
    const part = this.savepoints.part(asked);
    if (part === undefined) return failed(noSavepoint(asked.name));
    this.#keep(bytes);
    this.#parts.push({ part, params: [], readonly: true });
    return undefined;
  }

  /** @returns why nothing more can be done in it */
  #refusalOf(bytes: number): Failed | undefined {
    if (this.#state !== "open") return failed(this.#state === "broken" ? errors.busy : errors.unknown);
    if (this.#parts.length >= statementLimits.statementsMax) return tooManyStatements;
    const isTooMuch =
      this.#bytes + bytes > libsqlLimits.transactionBytesMax ||
      this.#kept.bytes + bytes > libsqlLimits.transactionsBytesMax;
    return isTooMuch ? tooManyBytes : undefined;
  }

  #keep(bytes: number): void {
    this.#bytes += bytes;
    this.#kept.bytes += bytes;
  }

  /** @returns how it failed; it is still open then */
  async commit(): Promise<Failed | undefined> {
    if (this.#state === "broken") return failed(errors.busy);
    // Each trial looked at everything that was read before once more: what was read last was all true at one moment.
    if (this.#parts.every(({ readonly }) => readonly)) return undefined;
    const parts = this.#parts.map(({ part }) => part);
    const key = `transaction-${this.#moment.seed}`;
    const shape = { kind: "batch", parts, transaction: this.#moment } as const;
    const answer = await this.#database.write(shape, this.#rows, key);
    if (answer.ok) return undefined;
    const { refusal } = answer;
    if (refusal.code !== "unavailable" && refusal.code !== "storage_full")
      return this.#refused(errorOf(refusal), refusal.field);
    this.#state = "unknown";
    return failed(errors.unknown);
  }

  /** @returns how it failed: what may have been committed cannot be taken back */
  rollback(): Failed | undefined {
    return this.#state === "unknown" ? failed(errors.unknown) : undefined;
  }

  ended(): void {
    this.#kept.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  #refused(error: Failed["error"], field: string | undefined): Failed {
    // Of an earlier statement, not of the one that is tried.
    if (error.code !== "SQLITE_BUSY" || field === undefined) return failed(error);
    this.#state = "broken";
    return failed(errors.busy);
  }

  get #rows() {
    return this.#parts.map(({ params }) => params);
  }
}
