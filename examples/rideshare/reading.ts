// How fresh what is read must be, and how the database is asked for it.
import type { Dbaas } from "../../client/client.ts";
import type { Sql } from "../../client/types.ts";
import { type Row, rowsIn } from "./rows.ts";

/** The moment by which the client of the current request has its answer. Unix ms. */
export type Deadline = number;

export const timeLeftMs = (deadline: Deadline): number => deadline - Date.now();

/** "strong" sees every acknowledged write of any client; a position sees all writes up to it, and this process's own. */
export type Freshness = "strong" | { readonly atLeast: number };

export async function readFresh(
  database: Dbaas,
  query: Sql,
  freshness: Freshness,
  deadline: Deadline,
): Promise<readonly Row[]> {
  const withinMs = timeLeftMs(deadline);
  // A process that has seen nothing yet, as after its start, cannot say how fresh is fresh enough.
  if (freshness === "strong" || database.seen === 0)
    return rowsIn(await database.query({ ...query, consistency: "strong" }, { withinMs }));
  const minPosition = Math.max(database.seen, freshness.atLeast);
  return rowsIn(await database.query(query, { withinMs, minPosition }));
}
