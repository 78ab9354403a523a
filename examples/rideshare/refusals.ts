// PURE: what the database service's refusals mean here.
import { DbaasError, UnreachableError } from "../../client/errors.ts";

const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof DbaasError && statuses.includes(error.status);

/** The database's rules forbid this write: a key is taken, or what it refers to does not exist. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);

/** More than the service takes or answers at once. */
export const isTooLarge = (error: unknown): boolean => hasStatus(error, 413);

/** No answer in time from one who could give it. What was asked for may or may not have happened. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof UnreachableError || hasStatus(error, 429, 502, 503, 504);
