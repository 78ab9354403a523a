// PURE: what the service refused, and what never got an answer.
import type { ErrorAnswer } from "./types.ts";

export type RefusalCode = ErrorAnswer["error"]["code"];

/** The service answered, and said no. */
export class DbaasError extends Error {
  override readonly name = "DbaasError";
  readonly status: number;
  /** `unknown` when the answer came from another program, a proxy for instance. */
  readonly code: RefusalCode | "unknown";
  /** Which field or header is wrong. */
  readonly field: string | undefined;

  /** Of SQL: SQLite's name of the error, for instance `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly sqlite: string | undefined;

  constructor(
    status: number,
    code: RefusalCode | "unknown",
    message: string,
    field?: string,
    sqlite?: string,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    this.sqlite = sqlite;
  }
}

/** No answer in time. A write may have been carried out or not; sent again under the same key it is carried out once. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}
