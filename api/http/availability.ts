// What keeps a request out, whatever it asks: data that is missing, a restore under way, workers that know no SQL. Each protocol writes
// the refusal in its own way.
import type { IncomingMessage } from "node:http";
import { Refusal } from "../../core/errors.ts";
import { attemptHeader, type Restoring } from "../cluster/restoring.ts";

export interface Availability {
  /** While it is, no worker can answer. */
  readonly dataMissing: () => boolean;
  /** A restore under way keeps all other requests out. */
  readonly restoring: Pick<Restoring, "attempt" | "refusal">;
  /** Whether the workers carry out SQL: those of an earlier version do not. */
  readonly knowSql: () => boolean;
}

/** @throws Refusal, at once: no request is left to wait for what only an operator can end */
export function requireAvailable(
  { dataMissing, restoring, knowSql }: Availability,
  { headers }: IncomingMessage,
  hasSql: boolean,
): void {
  if (dataMissing())
    throw new Refusal(
      "unavailable",
      "not all acknowledged data is there, no request is carried out; the status says what is missing",
    );
  if (headers[attemptHeader] !== restoring.attempt) throw restoring.refusal();
  // During the first upgrade to this version the API is the newer one.
  if (hasSql && !knowSql())
    throw new Refusal(
      "unavailable",
      "the workers of an earlier version, which know no SQL, are being replaced; send it again",
    );
}
