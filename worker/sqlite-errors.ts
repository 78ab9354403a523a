// PURE. What went wrong by SQLite's result code: the request, the room, another connection, the file, or the worker itself.
// An error that is taken for the worker's trouble ends its session, and the request goes on to the next worker. A request's
// own error taken for that would take down one worker after another, so the table has every code that there is.
import { Refusal, TransientError } from "../core/errors.ts";

type Cause =
  /** The statement, or a value in it, cannot be carried out: the request is refused, everything else goes on. */
  | "request"
  /** A value or an answer is larger than SQLite takes. */
  | "tooLarge"
  /** A constraint of the schema refuses the rows. */
  | "constraint"
  | "interrupted"
  | "full"
  /** Another connection holds what this one needs. */
  | "busy"
  /** The file is not a whole database. */
  | "damaged"
  /** The statements of this process take together what SQLite may. */
  | "memory"
  /** The machine, the file's permissions or this program: no value of a client leads there. */
  | "worker";

/** By primary result code. The low byte of an extended code is its primary code. */
const causes: Readonly<Record<number, Cause>> = {
  1: "request", // ERROR: a pattern too long, an expression too deep, an integer overflow
  2: "worker", // INTERNAL
  3: "worker", // PERM
  4: "worker", // ABORT
  5: "busy", // BUSY
  6: "busy", // LOCKED
  7: "memory", // NOMEM
  8: "worker", // READONLY
  9: "interrupted", // INTERRUPT
  10: "worker", // IOERR
  11: "damaged", // CORRUPT
  12: "worker", // NOTFOUND
  13: "full", // FULL
  14: "worker", // CANTOPEN
  15: "busy", // PROTOCOL: too many connections wanted the lock of the write-ahead log at once
  16: "worker", // EMPTY
  17: "busy", // SCHEMA: it changed again each time the statement was compiled
  18: "tooLarge", // TOOBIG
  19: "constraint", // CONSTRAINT
  20: "request", // MISMATCH: a counted key that is no whole number, a LIMIT that is none
  21: "worker", // MISUSE
  22: "worker", // NOLFS
  23: "request", // AUTH
  24: "worker", // FORMAT
  25: "request", // RANGE: a parameter that stands nowhere in the statement
  26: "damaged", // NOTADB
  27: "worker", // NOTICE: for the log only
  28: "worker", // WARNING: for the log only
};

/** @returns undefined for what is no error of SQLite */
const causeOf = (code: number): Cause | undefined => causes[code & 0xff];

/** The statement, or a value in it, cannot be carried out. */
class StatementError extends Error {
  override readonly name = "StatementError";
}

/** A value or an answer is larger than SQLite takes. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

/** The file is damaged, or not a database: its copy must be quarantined and rebuilt. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/** The disk (or the file's allowance) is full: nothing was changed. */
export class StorageFullError extends Error {
  override readonly name = "StorageFullError";
}

const memoryMessage = "the statement needs more memory than there is";

/** Of a client's own SQL it is the statement's fault. SQLite has undone the whole transaction with it, if there was one. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
}

/** The statement ran longer than it may and was interrupted. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** A constraint of the schema refuses the rows. `column` as SQLite names it, without its table. */
class ConstraintError extends Error {
  override readonly name = "ConstraintError";
  readonly kind: "unique" | "notNull" | "foreignKey" | "type" | "other";
  readonly column: string | undefined;

  constructor(message: string) {
    super(message.replace(/^SQLITE_CONSTRAINT: /, ""));
    this.kind = kindOf(message);
    this.column = /(?:failed: |column )\w+\.(\w+)/.exec(message)?.[1];
  }
}

function kindOf(message: string): ConstraintError["kind"] {
  if (message.includes("UNIQUE")) return "unique";
  if (message.includes("NOT NULL")) return "notNull";
  if (message.includes("FOREIGN KEY")) return "foreignKey";
  if (message.includes("cannot store") || message.includes("CHECK")) return "type";
  return "other";
}

/** An error of the sqlite3 package as what it means. */
export function errorOf(error: Error): Error {
  const cause = "errno" in error && typeof error.errno === "number" ? causeOf(error.errno) : undefined;
  const options = { cause: error };
  switch (cause) {
    case "request":
      return new StatementError(error.message.replace(/^SQLITE_[A-Z]+: /, ""), options);
    case "tooLarge":
      return new TooLargeError("value or answer larger than a database row may be", options);
    case "constraint":
      return new ConstraintError(error.message);
    case "interrupted":
      return new InterruptedError("statement interrupted");
    case "full":
      return new StorageFullError("no room left for the database", options);
    case "busy":
      return new TransientError("database is locked", options);
    case "damaged":
      return new DamagedFileError("database file is damaged", options);
    case "memory":
      return new OutOfMemoryError(memoryMessage, options);
    default:
      return error;
  }
}

/**
 * An error of a client's own SQL as what it means: a Refusal with SQLite's name of it where the statement is at fault. Not where the memory
 * is: others have a part in it, and on a copy it says nothing of the record.
 * @param code SQLite's extended result code
 */
export function errorOfSql(code: number, name: string, message: string): Error {
  const error = errorOf(Object.assign(new Error(message), { errno: code }));
  if (error instanceof TooLargeError) return new Refusal("too_large", message, "sql", name);
  const refusal = isStatementsFault(error) ? refusalOf(error) : null;
  return refusal === null ? error : new Refusal(refusal.code, refusal.message, refusal.field ?? "sql", name);
}

/** The statement or its values are at fault, not the copy or its machine. */
export const isStatementsFault = (error: unknown): boolean =>
  error instanceof StatementError || error instanceof TooLargeError || error instanceof ConstraintError;

/** The file, or the room that there is. */
const isOfMachine = (error: unknown): boolean =>
  error instanceof DamagedFileError || error instanceof OutOfMemoryError || error instanceof StorageFullError;

/** Neither SQLite's, nor the broker's: a fault of this program, which a request met alone. No other request has a part in it. */
export const isFaultOfOurs = (error: unknown): boolean =>
  error instanceof Error && !("errno" in error) && !(error instanceof TransientError || isOfMachine(error));

/** What a client is told of it. @returns null when the error is not the request's fault: the worker itself is in trouble then */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof ConstraintError)
    return error.kind === "type"
      ? new Refusal("bad_request", error.message, error.column)
      : new Refusal("constraint_violation", error.message, error.column);
  if (error instanceof InterruptedError)
    return new Refusal("query_timeout", "the query ran longer than it may and was interrupted");
  if (error instanceof StorageFullError) return new Refusal("storage_full", error.message);
  if (error instanceof TooLargeError)
    return new Refusal("too_large", "the value or answer is larger than a database row may be");
  if (error instanceof OutOfMemoryError)
    return new Refusal("too_large", memoryMessage, undefined, "SQLITE_NOMEM");
  if (error instanceof StatementError) return new Refusal("bad_request", error.message);
  return null;
}
