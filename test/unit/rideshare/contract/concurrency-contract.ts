// The rules that must hold when clients act at the same moment. The database decides them; no microservice could.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  call,
  clear,
  givenRide,
  givenUser,
  newName,
  password,
  rideBody,
  search,
  usernames,
  type World,
} from "./client.ts";

const statuses = async (calls: readonly Promise<{ readonly status: number }>[]): Promise<readonly number[]> =>
  (await Promise.all(calls)).map(({ status }) => status).sort();

export function concurrencyContract(world: World, rounds: number): void {
  test("of two clients that create the same user at once one gets 201 and the other 400", async () => {
    for (let round = 0; round < rounds; round++) {
      const body = { username: newName(), password };
      const create = () => call(world.rideshare(), "PUT", "/api/v1/users", body);
      assert.deepEqual(await statuses([create(), create()]), [201, 400], `round ${round}`);
    }
  });

  test("of ten clients that join a ride as the same user at once one gets 200 and the others 400", async () => {
    const ride = `/api/v1/rides/${await givenRide(world, await givenUser(world))}`;
    const username = await givenUser(world);
    const joins = Array.from({ length: 10 }, () => call(world.rideshare(), "POST", ride, { username }));
    assert.deepEqual(await statuses(joins), [200, ...Array.from({ length: 9 }, () => 400)]);
  });

  test("a user who is deleted while their rides are being created leaves no orphan", async () => {
    await clear(world);
    for (let round = 0; round < rounds; round++) {
      const username = await givenUser(world);
      const create = () => call(world.rideshare(), "POST", "/api/v1/rides", rideBody(username));
      const remove = () => call(world.rideshare(), "DELETE", `/api/v1/users/${username}`);
      const [first, removed, ...others] = await Promise.all([create(), remove(), create(), create()]);
      assert.equal(removed.status, 200, `round ${round}`);
      for (const { status } of [first, ...others]) assert.ok(status === 201 || status === 400, `${status}`);
      assert.deepEqual(await search(world, 1, 198), [], `round ${round}: a ride outlived its creator`);
    }
  });

  test("a user who is deleted while joining a ride is in no ride afterwards", async () => {
    const rideId = await givenRide(world, await givenUser(world));
    for (let round = 0; round < rounds; round++) {
      const username = await givenUser(world);
      const joining = call(world.rideshare(), "POST", `/api/v1/rides/${rideId}`, { username });
      const removing = call(world.rideshare(), "DELETE", `/api/v1/users/${username}`);
      const [joined, removed] = await Promise.all([joining, removing]);
      assert.equal(removed.status, 200);
      assert.ok(joined.status === 200 || joined.status === 400, `${joined.status}`);
      const { body } = await call(world.rideshare(), "GET", `/api/v1/rides/${rideId}`);
      assert.ok(!(body as { users: string[] }).users.includes(username), `round ${round}`);
    }
  });

  test("many clients at once each see what they have just done", async () => {
    const oneClient = async () => {
      const username = await givenUser(world);
      assert.ok((await usernames(world)).includes(username));
      const rideId = await givenRide(world, username);
      assert.equal((await call(world.rideshare(), "DELETE", `/api/v1/rides/${rideId}`)).status, 200);
      assert.equal((await call(world.rideshare(), "GET", `/api/v1/rides/${rideId}`)).status, 204);
      assert.equal((await call(world.rideshare(), "DELETE", `/api/v1/users/${username}`)).status, 200);
      assert.ok(!(await usernames(world)).includes(username));
    };
    await Promise.all(Array.from({ length: rounds }, oneClient));
  });
}
