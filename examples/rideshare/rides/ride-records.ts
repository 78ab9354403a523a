// The rides and who joined them, as the database holds them. References and keys of the schema decide what may be written.
import type { Dbaas } from "../../../client/client.ts";
import type { SqlWrite } from "../../../client/types.ts";
import { readAll } from "../paging.ts";
import { type Deadline, type Freshness, readFresh, timeLeftMs } from "../reading.ts";
import { isConflict } from "../refusals.ts";
import { numberIn, type Row, textIn } from "../rows.ts";
import type { Route } from "../rules/localities.ts";
import type { NewRide } from "../rules/rides.ts";

export interface Ride extends NewRide {
  readonly rideId: number;
}

const columns = ["ride_id", "created_by", "timestamp", "source", "destination"] as const;

const rideIn = (row: Row): Ride => ({
  rideId: numberIn(row, "ride_id"),
  createdBy: textIn(row, "created_by"),
  timestamp: textIn(row, "timestamp"),
  source: numberIn(row, "source"),
  destination: numberIn(row, "destination"),
});

export class RideRecords {
  readonly #database: Dbaas;

  constructor(database: Dbaas) {
    this.#database = database;
  }

  /** Refused when the creator does not exist (any more). */
  create(ride: NewRide, deadline: Deadline): Promise<"done" | "refused"> {
    const { createdBy, timestamp, source, destination } = ride;
    const sql = "INSERT INTO rides (created_by, timestamp, source, destination) VALUES (?, ?, ?, ?)";
    return this.#insert({ sql, params: [createdBy, timestamp, source, destination] }, deadline);
  }

  /** Refused when the user is in it already, or the user or the ride does not exist (any more). */
  join(rideId: number, username: string, deadline: Deadline): Promise<"done" | "refused"> {
    const sql = "INSERT INTO riders (ride_id, username) VALUES (?, ?)";
    return this.#insert({ sql, params: [rideId, username] }, deadline);
  }

  async #insert(insert: SqlWrite, deadline: Deadline): Promise<"done" | "refused"> {
    try {
      await this.#database.write(insert, { withinMs: timeLeftMs(deadline) });
      return "done";
    } catch (error) {
      if (isConflict(error)) return "refused";
      throw error;
    }
  }

  async between(
    { source, destination }: Route,
    freshness: Freshness,
    deadline: Deadline,
  ): Promise<readonly Ride[]> {
    const list = { table: "rides", columns, equals: { source, destination }, key: "ride_id" };
    const rows = await readAll(this.#database, list, freshness, deadline);
    return rows.map(rideIn);
  }

  async find(rideId: number, freshness: Freshness, deadline: Deadline): Promise<Ride | undefined> {
    const sql = `SELECT ${columns.join(", ")} FROM rides WHERE ride_id = ?`;
    const [row] = await readFresh(this.#database, { sql, params: [rideId] }, freshness, deadline);
    return row === undefined ? undefined : rideIn(row);
  }

  /** Not older than what this process has seen, so it may follow `find` without a strong read of its own. */
  async riders(rideId: number, deadline: Deadline): Promise<readonly string[]> {
    const list = { table: "riders", columns: ["username"], equals: { ride_id: rideId }, key: "username" };
    const rows = await readAll(this.#database, list, { atLeast: this.#database.seen }, deadline);
    return rows.map((row) => textIn(row, "username"));
  }

  async delete(rideId: number, deadline: Deadline): Promise<"deleted" | "unknown"> {
    const { rowsAffected } = await this.#database.write(
      { sql: "DELETE FROM rides WHERE ride_id = ?", params: [rideId] },
      { withinMs: timeLeftMs(deadline) },
    );
    return rowsAffected > 0 ? "deleted" : "unknown";
  }

  async count(freshness: Freshness, deadline: Deadline): Promise<number> {
    const query = { sql: "SELECT count(*) AS count FROM rides" };
    const [row] = await readFresh(this.#database, query, freshness, deadline);
    if (row === undefined) throw new Error("db/read answered no count");
    return numberIn(row, "count");
  }
}
