// Errors by what their receiver can do about them.

/** Every refusal a client can see. The API maps each to one status code; workers only name them. */
export type RefusalCode =
  | "bad_request"
  | "unknown_table"
  | "unknown_column"
  | "constraint_violation"
  | "key_reused"
  | "unexpected_result"
  | "too_large"
  | "query_timeout"
  | "poison_request"
  | "not_fresh"
  | "unavailable"
  | "storage_full"
  | "internal";

/** The client's request cannot be done; says so in the client's words. `field` is a path into the body, or a header's name. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;
  readonly field: string | undefined;
  /** Of SQL: SQLite's own name of the error. */
  readonly sqlite: string | undefined;

  constructor(code: RefusalCode, message: string, field?: string, sqlite?: string) {
    super(message);
    this.code = code;
    this.field = field;
    this.sqlite = sqlite;
  }
}

/** What stands in an answer when a request was refused. */
export interface RefusalBody {
  readonly code: RefusalCode;
  readonly message: string;
  readonly field?: string;
  readonly sqlite?: string;
}

export const refusalBody = ({ code, message, field, sqlite }: Refusal): RefusalBody => ({
  code,
  message,
  ...(field === undefined ? {} : { field }),
  ...(sqlite === undefined ? {} : { sqlite }),
});

/** Worth trying again as it is: the outside was away or slow. */
export class TransientError extends Error {
  override readonly name = "TransientError";
}

/** Trying again changes nothing: an operator has to look at it. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
};

export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
