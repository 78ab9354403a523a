// What the microservices do when the database service is away, loses answers, lags or is set up anew.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import {
  call,
  clear,
  expectStatus,
  givenRide,
  givenUser,
  newName,
  password,
  rideBody,
  usernames,
} from "./contract/client.ts";
import { type FakeWorld, startFakeWorld } from "./fake-world.ts";

let world: FakeWorld;

beforeEach(async () => {
  world = await startFakeWorld();
});
afterEach(() => world.stop());

const written = () => world.service.seen.filter(({ path }) => path === "/api/v1/db/write");

test("a write whose answer was lost is repeated under the same key and is still one 201", async () => {
  world.service.faults.push("answerLost", "unavailable", "answerLost");
  const username = await givenUser(world);
  assert.equal(written().length, 4);
  assert.equal(new Set(written().map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.deepEqual(await usernames(world), [username]);
});

test("two writes have two keys", async () => {
  await givenUser(world);
  await givenUser(world);
  assert.equal(new Set(written().map(({ headers }) => headers["idempotency-key"])).size, 2);
});

test("a read outlasts a service that is away for a moment", async () => {
  const username = await givenUser(world);
  world.service.faults.push("unavailable", "answerLost", "unavailable");
  assert.deepEqual(await usernames(world), [username]);
});

test("a read is strong for a client that keeps no count of positions", async () => {
  await givenUser(world);
  await usernames(world);
  assert.equal(world.service.seen.at(-1)?.body.consistency, "strong");
});

test("a client that says how far it has seen is read to from a copy that far, and not by a strong read", async () => {
  const username = newName();
  const put = await call(world.rideshare(), "PUT", "/api/v1/users", { username, password });
  const position = put.headers.get("x-dbaas-position");
  assert.equal(position, "1");
  const headers = { "x-dbaas-min-position": "1" };
  const { body } = await call(world.rideshare(), "GET", "/api/v1/users", undefined, headers);
  assert.deepEqual(body, [username]);
  assert.equal(world.service.seen.at(-1)?.body.consistency, undefined);
  assert.equal(world.service.seen.at(-1)?.headers["x-dbaas-min-position"], "1");
});

test("a service that was set up anew is read from its new beginning", async () => {
  await givenUser(world);
  world.service.startOver();
  const headers = { "x-dbaas-min-position": "1" };
  assert.equal((await call(world.rideshare(), "GET", "/api/v1/users", undefined, headers)).status, 204);
  const username = await givenUser(world);
  assert.deepEqual(await usernames(world), [username]);
});

test("rides asks users for its list over the load balancer and says who asks", async () => {
  const username = await givenUser(world);
  const before = world.origins.length;
  await expectStatus(world, 201, "POST", "/api/v1/rides", rideBody(username));
  assert.deepEqual(world.origins.slice(before), ["http://rides.test:8000"]);
});

test("a list longer than an answer of the service may be is read in smaller pages", async () => {
  const expected: string[] = [];
  for (let i = 0; i < 25; i++)
    expected.push(await givenUser(world, `O'Brien ${String.fromCharCode(97 + i)}`));
  world.service.answerRowsMax = 3;
  assert.deepEqual(await usernames(world), expected);
});

test("emptying the data is one write, so that nobody sees half of it", async () => {
  await givenRide(world, await givenUser(world));
  const before = written().length;
  await clear(world);
  assert.equal(written().length, before + 1);
  assert.deepEqual(
    [world.service.tables.users, world.service.tables.rides, world.service.tables.riders],
    [[], [], []],
  );
});

test("nothing is written by a request that is refused for its form", async () => {
  await expectStatus(world, 400, "PUT", "/api/v1/users", { username: "", password });
  await expectStatus(world, 400, "POST", "/api/v1/rides", rideBody(newName(), { timestamp: "tomorrow" }));
  await expectStatus(world, 400, "DELETE", "/api/v1/rides/99999999999999999999");
  assert.deepEqual(world.service.seen, []);
});
