// What every RideShare does for /api/v1/users, whatever it stands on.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  call,
  clear,
  expectStatus,
  givenRide,
  givenUser,
  newName,
  password,
  usernames,
  type World,
} from "./client.ts";

const users = "/api/v1/users";
const userPath = (username: string) => `${users}/${encodeURIComponent(username)}`;

export function usersContract(world: World): void {
  test("a new user is created with 201 and {} and is listed by the very next call", async () => {
    const username = newName();
    assert.deepEqual(await expectStatus(world, 201, "PUT", users, { username, password }), {});
    assert.ok((await usernames(world)).includes(username));
  });

  test("a username that is taken is refused with 400", async () => {
    const username = await givenUser(world);
    await expectStatus(world, 400, "PUT", users, { username, password });
  });

  test("usernames that differ in case are different users", async () => {
    const username = newName("asha");
    await givenUser(world, username);
    await givenUser(world, username.toUpperCase());
  });

  test("a username may hold quotes, slashes, SQL and any script, and can be deleted again", async () => {
    for (const odd of ["O'Brien", '"q"', "a/b//c", "x' OR '1'='1", "ಅಶ್ವಿನಿ 🚕", "a b%20c", "?x=1#y", " "]) {
      const username = odd === " " ? `${newName()} ` : `${odd}${newName("-")}`;
      await givenUser(world, username);
      assert.ok((await usernames(world)).includes(username), username);
      await expectStatus(world, 200, "DELETE", userPath(username));
      assert.ok(!(await usernames(world)).includes(username), username);
    }
  });

  test("a username of a hundred thousand letters is created, listed and deleted", async () => {
    const username = newName("x".repeat(100_000));
    await givenUser(world, username);
    assert.ok((await usernames(world)).includes(username));
    await expectStatus(world, 200, "DELETE", userPath(username));
  });

  test("a password that is no SHA-1 in hexadecimal is refused with 400", async () => {
    for (const bad of ["", "secret", password.slice(1), `${password}0`, `g${password.slice(1)}`, 7, null, []])
      await expectStatus(world, 400, "PUT", users, { username: newName(), password: bad });
  });

  test("a password is taken in upper case and in lower case", async () => {
    for (const good of [password.toLowerCase(), password.toUpperCase()])
      await expectStatus(world, 201, "PUT", users, { username: newName(), password: good });
  });

  test("a missing, empty or malformed field of a new user is refused with 400", async () => {
    const bodies = [
      {},
      { password },
      { username: newName() },
      { username: "", password },
      [],
      5,
      null,
      "text",
    ];
    for (const body of bodies) await expectStatus(world, 400, "PUT", users, JSON.stringify(body));
    for (const username of [5, null, {}, ["a"], true])
      await expectStatus(world, 400, "PUT", users, { username, password });
  });

  test("a body that is no JSON, or no body at all, is refused with 400", async () => {
    await expectStatus(world, 400, "PUT", users, '{"username":');
    await expectStatus(world, 400, "PUT", users, "");
    await expectStatus(world, 400, "PUT", users);
  });

  test("a body is taken for JSON whatever its content type says", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await expectStatus(world, 201, "PUT", users, { username: newName(), password }, headers);
  });

  test("deleting an unknown user is refused with 400, also the second time", async () => {
    const username = await givenUser(world);
    await expectStatus(world, 400, "DELETE", userPath(newName()));
    assert.deepEqual(await expectStatus(world, 200, "DELETE", userPath(username)), {});
    await expectStatus(world, 400, "DELETE", userPath(username));
    await expectStatus(world, 400, "DELETE", `${users}/%E0%A4%A`);
  });

  test("a deleted user's rides go too, and their places in others' rides", async () => {
    const [leaving, staying] = [await givenUser(world), await givenUser(world)];
    const own = await givenRide(world, leaving);
    const other = await givenRide(world, staying);
    await expectStatus(world, 200, "POST", `/api/v1/rides/${other}`, { username: leaving });
    await expectStatus(world, 200, "DELETE", userPath(leaving));
    await expectStatus(world, 204, "GET", `/api/v1/rides/${own}`);
    const ride = await expectStatus(world, 200, "GET", `/api/v1/rides/${other}`);
    assert.deepEqual((ride as { users: unknown }).users, []);
  });

  test("with nobody there the list of users is 204, and a ride by anybody is 400", async () => {
    await givenUser(world);
    await clear(world);
    await expectStatus(world, 204, "GET", users);
    const ride = { created_by: "nobody", timestamp: "01-01-2199:00-00-00", source: 1, destination: 2 };
    await expectStatus(world, 400, "POST", "/api/v1/rides", ride);
  });

  test("wrong methods on users are 405, name the right ones and are not looked into", async () => {
    for (const method of ["POST", "DELETE", "PATCH"]) {
      const answer = await call(world.rideshare(), method, users, "{broken");
      assert.deepEqual(
        [answer.status, answer.body, answer.headers.get("allow")],
        [405, {}, "PUT, GET, HEAD"],
      );
    }
    for (const method of ["GET", "PUT", "POST"]) await expectStatus(world, 405, method, `${users}/somebody`);
  });

  test("users counts its requests, failed ones included, and sets the count back on DELETE", async () => {
    const direct = world.users();
    const count = async () => (await call(direct, "GET", "/api/v1/_count")).body;
    assert.equal((await call(direct, "DELETE", "/api/v1/_count")).status, 200);
    assert.deepEqual(await count(), [0]);
    await call(direct, "PUT", users, { username: newName(), password });
    await call(direct, "PUT", users, { username: "" });
    await call(direct, "PUT", users, "{broken");
    await call(direct, "PATCH", users);
    await call(direct, "GET", `${users}/somebody/else`);
    assert.deepEqual(await count(), [5]);
    await call(direct, "POST", "/api/v1/_count");
    await call(direct, "POST", "/api/v1/db/clear");
    assert.deepEqual(await count(), [5]);
  });

  test("users empties the data too when it is asked directly", async () => {
    await givenUser(world);
    assert.equal((await call(world.users(), "POST", "/api/v1/db/clear")).status, 200);
    await expectStatus(world, 204, "GET", users);
    assert.deepEqual(await expectStatus(world, 200, "GET", "/api/v1/rides/count"), [0]);
  });
}
