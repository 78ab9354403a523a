// PURE. What SQLite says -> what a client is told.
import { Refusal } from "../../core/errors.ts";
import {
  ConstraintError,
  InterruptedError,
  StatementError,
  StorageFullError,
  TooLargeError,
} from "../sqlite-errors.ts";

/** @returns null when the error is not the request's fault: the worker itself is in trouble then */
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
  if (error instanceof StatementError) return new Refusal("bad_request", error.message);
  return null;
}
