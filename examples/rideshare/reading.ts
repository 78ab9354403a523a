// How fresh what is read must be, and how the database is asked for it.
import type { Dbaas } from "../../client/client.ts";
import type { Count, ReadAnswer, Select } from "../../client/types.ts";

/** The moment by which the client of the current request has its answer. Unix ms. */
export type Deadline = number;

export const timeLeftMs = (deadline: Deadline): number => deadline - Date.now();

/** "strong" sees every acknowledged write of any client; a position sees all writes up to it, and this process's own. */
export type Freshness = "strong" | { readonly atLeast: number };

export function readFresh(
  database: Dbaas,
  query: Select | Count,
  freshness: Freshness,
  deadline: Deadline,
): Promise<ReadAnswer> {
  const withinMs = timeLeftMs(deadline);
  // A process that has seen nothing yet, as after its start, cannot say how fresh is fresh enough.
  if (freshness === "strong" || database.seen === 0)
    return database.read({ ...query, consistency: "strong" }, { withinMs });
  return database.read(query, { withinMs, minPosition: Math.max(database.seen, freshness.atLeast) });
}
