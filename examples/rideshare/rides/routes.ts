// The routes of the rides microservice.
import { badRequest, type Call, created, listed, noContent, ok, type Reply, type Route } from "../routes.ts";
import { parseRoute } from "../rules/localities.ts";
import { parseJoin, parseNewRide, parseRideId } from "../rules/rides.ts";
import { isUpcoming } from "../rules/timestamp.ts";
import type { RideRecords } from "./ride-records.ts";
import type { UserDirectory } from "./user-directory.ts";

export interface Rides {
  readonly rides: RideRecords;
  readonly users: UserDirectory;
  readonly now: () => Date;
}

async function create({ rides, users }: Rides, { body, deadline }: Call): Promise<Reply> {
  const ride = parseNewRide(body);
  if (ride === undefined || !(await users.has(ride.createdBy, deadline))) return badRequest;
  return (await rides.create(ride, deadline)) === "done" ? created : badRequest;
}

async function search({ rides, now }: Rides, { query, freshness, deadline }: Call): Promise<Reply> {
  const route = parseRoute(query.source, query.destination);
  if (route === undefined) return badRequest;
  const found = await rides.between(route, freshness, deadline);
  return listed(
    found
      .filter((ride) => isUpcoming(ride.timestamp, now()))
      .map(({ rideId, createdBy, timestamp }) => ({ rideId, username: createdBy, timestamp })),
  );
}

async function show({ rides }: Rides, { params, freshness, deadline }: Call): Promise<Reply> {
  const rideId = parseRideId(params.rideId);
  if (rideId === undefined) return badRequest;
  const ride = rideId === "unknown" ? undefined : await rides.find(rideId, freshness, deadline);
  if (ride === undefined) return noContent;
  const { createdBy, timestamp, source, destination } = ride;
  const users = await rides.riders(ride.rideId, deadline);
  return ok({ rideId: ride.rideId, created_by: createdBy, users, timestamp, source, destination });
}

async function join({ rides, users }: Rides, { params, body, deadline }: Call): Promise<Reply> {
  const rideId = parseRideId(params.rideId);
  const username = parseJoin(body);
  if (rideId === undefined || username === undefined) return badRequest;
  const ride = rideId === "unknown" ? undefined : await rides.find(rideId, "strong", deadline);
  if (ride === undefined) return noContent;
  if (ride.createdBy === username || !(await users.has(username, deadline))) return badRequest;
  if ((await rides.join(ride.rideId, username, deadline)) === "done") return ok();
  // Something ended between the look and the write; when it was the ride, the client hears what it would hear now.
  const stillThere = await rides.find(ride.rideId, "strong", deadline);
  return stillThere === undefined ? noContent : badRequest;
}

async function remove({ rides }: Rides, { params, deadline }: Call): Promise<Reply> {
  const rideId = parseRideId(params.rideId);
  if (rideId === undefined || rideId === "unknown") return badRequest;
  return (await rides.delete(rideId, deadline)) === "deleted" ? ok() : badRequest;
}

async function count({ rides }: Rides, { freshness, deadline }: Call): Promise<Reply> {
  return ok([await rides.count(freshness, deadline)]);
}

/** The count comes before the ride of any id: it has only one method, and "count" is no id. */
export const rideRoutes = (parts: Rides): readonly Route[] => [
  {
    path: "/api/v1/rides",
    methods: { POST: (call) => create(parts, call), GET: (call) => search(parts, call) },
  },
  { path: "/api/v1/rides/count", methods: { GET: (call) => count(parts, call) } },
  {
    path: "/api/v1/rides/:rideId",
    methods: {
      GET: (call) => show(parts, call),
      POST: (call) => join(parts, call),
      DELETE: (call) => remove(parts, call),
    },
  },
];
