// What every RideShare does for /api/v1/rides and the rest, whatever it stands on.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  call,
  clear,
  expectStatus,
  givenRide,
  givenUser,
  newName,
  past,
  rideBody,
  search,
  upcoming,
  type World,
} from "./client.ts";

const rides = "/api/v1/rides";
const hugeId = "9".repeat(400);

export function ridesContract(world: World): void {
  test("a new ride is created with 201 and {} and is found by the very next call", async () => {
    const asha = await givenUser(world);
    assert.deepEqual(await expectStatus(world, 201, "POST", rides, rideBody(asha)), {});
    const found = (await search(world, 1, 198)).filter((ride) => ride.username === asha);
    assert.equal(found.length, 1);
    assert.deepEqual(found[0], { rideId: found[0]?.rideId, username: asha, timestamp: upcoming });
    assert.equal(typeof found[0]?.rideId, "number");
  });

  test("a ride by an unknown user is refused with 400", async () => {
    await expectStatus(world, 400, "POST", rides, rideBody(newName()));
  });

  test("localities are 1 to 198, as numbers or as digits", async () => {
    const asha = await givenUser(world);
    await expectStatus(world, 201, "POST", rides, rideBody(asha, { source: "198", destination: "1" }));
    for (const source of [
      0,
      199,
      -1,
      2.5,
      "",
      "abc",
      "1.5",
      " 1",
      "1e1",
      Number.MAX_VALUE,
      "9".repeat(10_000),
    ])
      await expectStatus(world, 400, "POST", rides, rideBody(asha, { source }));
    for (const destination of [null, true, [], {}, [2]])
      await expectStatus(world, 400, "POST", rides, { ...rideBody(asha), destination });
  });

  test("a ride to where it starts is refused with 400, also when one end is written as digits", async () => {
    const asha = await givenUser(world);
    await expectStatus(world, 400, "POST", rides, rideBody(asha, { source: 7, destination: 7 }));
    await expectStatus(world, 400, "POST", rides, rideBody(asha, { source: "7", destination: 7 }));
  });

  test("a timestamp that is no day-month-year:seconds-minutes-hours of the calendar is refused with 400", async () => {
    const asha = await givenUser(world);
    const bad = ["", "31-12-2199", "31-02-2199:00-00-00", "29-02-2100:00-00-00", "00-01-2199:00-00-00"];
    const worse = [
      "01-13-2199:00-00-00",
      "01-01-2199:60-00-00",
      "01-01-2199:00-60-00",
      "01-01-2199:00-00-24",
    ];
    for (const timestamp of [...bad, ...worse, "2199-01-01:00-00-00", "1-1-2199:0-0-0", ` ${upcoming}`])
      await expectStatus(world, 400, "POST", rides, rideBody(asha, { timestamp }));
    await expectStatus(world, 201, "POST", rides, rideBody(asha, { timestamp: "29-02-2196:00-00-00" }));
  });

  test("a missing or malformed field of a new ride is refused with 400", async () => {
    const whole = rideBody(await givenUser(world));
    for (const field of Object.keys(whole))
      await expectStatus(world, 400, "POST", rides, { ...whole, [field]: undefined });
    await expectStatus(world, 400, "POST", rides, { ...whole, created_by: 5 });
    await expectStatus(world, 400, "POST", rides, { ...whole, timestamp: 5 });
    for (const body of ["{broken", "[]", "null", ""]) await expectStatus(world, 400, "POST", rides, body);
  });

  test("a search shows upcoming rides between the two places only; nothing upcoming is 204", async () => {
    await clear(world);
    const asha = await givenUser(world);
    await expectStatus(
      world,
      201,
      "POST",
      rides,
      rideBody(asha, { source: 10, destination: 11, timestamp: past }),
    );
    await expectStatus(world, 204, "GET", `${rides}?source=10&destination=11`);
    await givenRide(world, asha, { source: 10, destination: 11 });
    await givenRide(world, asha, { source: 11, destination: 10 });
    await givenRide(world, asha, { source: 10, destination: 12 });
    assert.equal((await search(world, 10, 11)).length, 1);
    assert.deepEqual(await expectStatus(world, 200, "GET", `${rides}/count`), [4]);
  });

  test("a search without two different known places is refused with 400", async () => {
    const queries = ["", "?source=1", "?destination=1", "?source=1&destination=1", "?source=0&destination=1"];
    const odd = ["?source=1&destination=199", "?source=a&destination=1", "?source=1&source=2&destination=3"];
    for (const query of [...queries, ...odd, "?source[]=1&destination=2", `?source=${hugeId}&destination=2`])
      await expectStatus(world, 400, "GET", `${rides}${query}`);
  });

  test("a ride is shown with its creator apart from those who joined", async () => {
    const [asha, ravi] = [await givenUser(world), await givenUser(world)];
    const rideId = await givenRide(world, asha, { source: 5, destination: 6 });
    assert.deepEqual(await expectStatus(world, 200, "POST", `${rides}/${rideId}`, { username: ravi }), {});
    const expected = {
      rideId,
      created_by: asha,
      users: [ravi],
      timestamp: upcoming,
      source: 5,
      destination: 6,
    };
    assert.deepEqual(await expectStatus(world, 200, "GET", `${rides}/${rideId}`), expected);
  });

  test("joining twice, joining one's own ride and joining as nobody are refused with 400", async () => {
    const [asha, ravi] = [await givenUser(world), await givenUser(world)];
    const ride = `${rides}/${await givenRide(world, asha)}`;
    await expectStatus(world, 200, "POST", ride, { username: ravi });
    for (const username of [ravi, asha, newName(), "", 5, null, undefined])
      await expectStatus(world, 400, "POST", ride, { username });
    for (const body of ["{broken", "[]", ""]) await expectStatus(world, 400, "POST", ride, body);
  });

  test("an unknown ride is 204 to look at and to join, and 400 to delete, however long its number is", async () => {
    const username = await givenUser(world);
    for (const rideId of ["999999999", "0", "-1", "9007199254740993", "99999999999999999999", hugeId]) {
      await expectStatus(world, 204, "GET", `${rides}/${rideId}`);
      await expectStatus(world, 204, "POST", `${rides}/${rideId}`, { username });
      await expectStatus(world, 400, "DELETE", `${rides}/${rideId}`);
    }
  });

  test("what is no ride's number at all is refused with 400", async () => {
    const username = await givenUser(world);
    for (const rideId of ["abc", "1.5", "1e3", "1;--", "%E0%A4%A", "0x10", "a".repeat(50_000)]) {
      await expectStatus(world, 400, "GET", `${rides}/${rideId}`);
      await expectStatus(world, 400, "POST", `${rides}/${rideId}`, { username });
      await expectStatus(world, 400, "DELETE", `${rides}/${rideId}`);
    }
  });

  test("a deleted ride is gone, and so are the places in it", async () => {
    const [asha, ravi] = [await givenUser(world), await givenUser(world)];
    const ride = `${rides}/${await givenRide(world, asha)}`;
    await expectStatus(world, 200, "POST", ride, { username: ravi });
    assert.deepEqual(await expectStatus(world, 200, "DELETE", ride), {});
    await expectStatus(world, 204, "GET", ride);
    await expectStatus(world, 204, "POST", ride, { username: ravi });
    await expectStatus(world, 400, "DELETE", ride);
  });

  test("a ride's number is never given out again", async () => {
    const asha = await givenUser(world);
    const first = await givenRide(world, asha);
    await expectStatus(world, 200, "DELETE", `${rides}/${first}`);
    assert.ok((await givenRide(world, asha)) > first);
  });

  test("the data is emptied by POST db/clear and by nothing else", async () => {
    await givenRide(world, await givenUser(world));
    await expectStatus(world, 405, "GET", "/api/v1/db/clear");
    await expectStatus(world, 405, "DELETE", "/api/v1/db/clear");
    assert.notDeepEqual(await expectStatus(world, 200, "GET", `${rides}/count`), [0]);
    await clear(world);
    assert.deepEqual(await expectStatus(world, 200, "GET", `${rides}/count`), [0]);
  });

  test("wrong methods on rides are 405 and name the right ones", async () => {
    const expected = [
      [rides, "POST, GET, HEAD", ["PUT", "DELETE", "PATCH"]],
      [`${rides}/count`, "GET, HEAD", ["POST", "PUT", "DELETE"]],
      [`${rides}/1`, "GET, POST, DELETE, HEAD", ["PUT", "PATCH"]],
      ["/api/v1/_count", "GET, DELETE, HEAD", ["POST", "PUT"]],
    ] as const;
    for (const [path, allow, methods] of expected) {
      for (const method of methods) {
        const answer = await call(world.rideshare(), method, path);
        assert.deepEqual([answer.status, answer.body, answer.headers.get("allow")], [405, {}, allow]);
      }
    }
  });

  test("HEAD answers as GET does, without a body", async () => {
    for (const path of [
      "/api/v1/_count",
      `${rides}/count`,
      `${rides}?source=1&destination=2`,
      `${rides}/1`,
    ]) {
      const { status } = await call(world.rideshare(), "GET", path);
      const answer = await call(world.rideshare(), "HEAD", path);
      assert.deepEqual([answer.status, answer.body], [status, undefined], path);
    }
  });

  test("rides counts its requests, failed ones included, and sets the count back on DELETE", async () => {
    const count = () => expectStatus(world, 200, "GET", "/api/v1/_count");
    assert.deepEqual(await expectStatus(world, 200, "DELETE", "/api/v1/_count"), {});
    assert.deepEqual(await count(), [0]);
    await expectStatus(world, 400, "POST", rides, {});
    await expectStatus(world, 405, "PATCH", rides);
    await expectStatus(world, 400, "GET", `${rides}/abc`);
    await expectStatus(world, 200, "GET", `${rides}/count`);
    await expectStatus(world, 404, "GET", "/api/v1/nothing/here");
    assert.deepEqual(await count(), [5]);
    await clear(world);
    await expectStatus(world, 405, "PUT", "/api/v1/_count");
    assert.deepEqual(await count(), [5]);
  });
}
