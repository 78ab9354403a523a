// A client of RideShare as the contract's tests use it, and the small makers they start from.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

/** Where a running RideShare is reached. Functions, because a world may be started after its tests are declared. */
export interface World {
  /** The load balancer: what clients use. */
  readonly rideshare: () => URL;
  /** The users microservice itself: its _count is not reachable over the load balancer. */
  readonly users: () => URL;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export type Call = readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>];

const callMs = 60_000;

/** A body that is a string is sent as it is, anything else as JSON. */
export async function call(base: URL, ...[method, path, body, headers = {}]: Call): Promise<Answer> {
  const response = await fetch(new URL(path, base), {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(callMs),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    headers: response.headers,
  };
}

export async function expectStatus(world: World, status: number, ...request: Call): Promise<unknown> {
  const answer = await call(world.rideshare(), ...request);
  const [method, path, body] = request;
  const what = `${method} ${path.slice(0, 120)} ${(JSON.stringify(body) ?? "").slice(0, 200)}`;
  assert.equal(answer.status, status, what);
  if (status >= 400) assert.deepEqual(answer.body, {}, `${what}: an error's body is {}`);
  if (status === 204) assert.equal(answer.body, undefined, `${what}: 204 has no body`);
  return answer.body;
}

export const password = "3D725109c7e7c0bfb9d709836735b56d943d263f";

export const newName = (prefix = "user"): string => `${prefix}-${randomUUID()}`;

export async function givenUser(world: World, username = newName()): Promise<string> {
  await expectStatus(world, 201, "PUT", "/api/v1/users", { username, password });
  return username;
}

export const upcoming = "31-12-2199:59-58-23";
export const past = "01-01-2001:00-00-00";

export interface RideBody {
  readonly created_by: string;
  readonly timestamp: string;
  readonly source: number | string;
  readonly destination: number | string;
}

export const rideBody = (created_by: string, changes: Partial<RideBody> = {}): RideBody => ({
  created_by,
  timestamp: upcoming,
  source: 1,
  destination: 198,
  ...changes,
});

interface Found {
  readonly rideId: number;
  readonly username: string;
  readonly timestamp: string;
}

export async function search(world: World, source: number, destination: number): Promise<readonly Found[]> {
  const path = `/api/v1/rides?source=${source}&destination=${destination}`;
  const answer = await call(world.rideshare(), "GET", path);
  if (answer.status === 204) return [];
  assert.equal(answer.status, 200, path);
  return answer.body as Found[];
}

/** Creates a ride between the two places and answers its id. */
export async function givenRide(world: World, createdBy: string, changes: Partial<RideBody> = {}) {
  const body = rideBody(createdBy, changes);
  await expectStatus(world, 201, "POST", "/api/v1/rides", body);
  const found = await search(world, Number(body.source), Number(body.destination));
  const ids = found.filter((ride) => ride.username === createdBy).map((ride) => ride.rideId);
  return Math.max(...ids);
}

export const clear = (world: World) => expectStatus(world, 200, "POST", "/api/v1/db/clear");

export const usernames = async (world: World): Promise<readonly string[]> => {
  const answer = await call(world.rideshare(), "GET", "/api/v1/users");
  if (answer.status === 204) return [];
  assert.equal(answer.status, 200);
  return answer.body as string[];
};
