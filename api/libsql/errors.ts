// PURE. Errors as the libSQL protocol has them: a message for people and a code for programs, by SQLite's names where SQLite has one.
import type { RefusalBody, RefusalCode } from "../../core/errors.ts";

export interface SqlError {
  readonly message: string;
  readonly code: string;
}

/** Of refusals that are none of SQLite's own. */
const codes: Partial<Readonly<Record<RefusalCode, string>>> = {
  query_timeout: "SQLITE_INTERRUPT",
  too_large: "SQLITE_TOOBIG",
  storage_full: "SQLITE_FULL",
  bad_request: "SQLITE_ERROR",
};

/** For those who have one: the protocol has none. */
const keyHint = ", and can be sent again under its Idempotency-Key";

/** What may be sent again has a code of its own, `UNAVAILABLE` for instance: its message says what is known of it. */
export const errorOf = ({ code, message, sqlite }: RefusalBody): SqlError => ({
  message: message.replace(keyHint, ""),
  code: sqlite ?? codes[code] ?? code.toUpperCase(),
});

export const sqlError = (message: string, code = "SQLITE_ERROR"): SqlError => ({ message, code });

export const noSavepoint = (name: string): SqlError => sqlError(`no such savepoint: ${name}`);

export const errors = {
  closed: sqlError("the stream is closed", "STREAM_CLOSED"),
  within: sqlError("cannot start a transaction within a transaction"),
  noCommit: sqlError("cannot commit - no transaction is active"),
  noRollback: sqlError("cannot rollback - no transaction is active"),
  savepoint: sqlError(
    "SAVEPOINT, RELEASE and ROLLBACK TO take the name of a savepoint, and nothing behind it",
  ),
  readOnly: sqlError("the transaction was begun READONLY", "SQLITE_READONLY"),
  mayNotWrite: sqlError("the statement writes, which needs the role writer", "SQLITE_AUTH"),
  mayNotDefine: sqlError(
    "the statement changes the schema, for which the token has not the role",
    "SQLITE_AUTH",
  ),
  busy: sqlError(
    "the transaction saw data that others have changed meanwhile; nothing of it was done, roll it back and begin it again",
    "SQLITE_BUSY",
  ),
  unknown: sqlError(
    "it is not known whether the transaction was committed; COMMIT once more on this stream tells it",
    "UNKNOWN_OUTCOME",
  ),
  tooMany: sqlError("too many transactions are open; try it again", "SQLITE_BUSY"),
  resultTooLarge: sqlError("the result is too large", "SQLITE_TOOBIG"),
  pipelineTooLarge: sqlError(
    "the results of this pipeline are too large: the request was not carried out",
    "SQLITE_TOOBIG",
  ),
  pipelineTooLong: sqlError(
    "the pipeline takes too long: the request was not carried out",
    "SQLITE_INTERRUPT",
  ),
  unknownBefore: sqlError(
    "what came of the transaction is not known: see the error before",
    "UNKNOWN_OUTCOME",
  ),
  sequenceTooLong: sqlError("the script has too many statements", "SQLITE_TOOBIG"),
  scriptsTooLong: sqlError("the stored scripts of this pipeline are too long together", "SQLITE_TOOBIG"),
  noRoom: sqlError(
    "too many results wait for their clients: this one is dropped, of a statement that has been carried out",
    "UNAVAILABLE",
  ),
  noText: sqlError("there is no text under this sql_id", "SQL_NOT_FOUND"),
} as const;
