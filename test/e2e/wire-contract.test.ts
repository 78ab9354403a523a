// The routes as clients meet them: methods, status codes, headers, and errors that name the field.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { call } from "../../tools/cluster/http.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import {
  answered,
  insertUsers,
  positionOf,
  read,
  rowsNow,
  sentAgain,
  user,
  write,
  written,
} from "../support/database.ts";

useCluster({ ready: () => insertUsers("ann") });

const routes = [
  ["/api/v1/db/read", "POST"],
  ["/api/v1/db/write", "POST"],
  ["/api/v1/db/clear", "POST"],
  ["/api/v1/crash/master", "POST"],
  ["/api/v1/crash/slave", "POST"],
  ["/api/v1/worker/list", "GET"],
] as const;

for (const [path, allowed] of routes)
  test(`${path} allows ${allowed} alone: anything else is 405 with Allow, and changes nothing`, async () => {
    const before = await settled();
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"].filter((other) => other !== allowed)) {
      const answer = await call(method, path, method === "GET" ? {} : { body: { table: "users" } });
      assert.equal(answer.status, 405, method);
      assert.ok(
        String(answer.headers.allow).split(/, */).includes(allowed),
        `Allow: ${answer.headers.allow}`,
      );
    }
    assertSameWorkers(await settled(), before);
  });

test("an unknown route is 404", async () => {
  assert.equal((await call("GET", "/api/v1/nothing")).status, 404);
});

test("a write answers an object with what is known, and its position in a header", async () => {
  const answer = await written({ op: "insert", table: "users", row: user("bob") });
  assert.equal(answer.status, 200);
  const { rowsAffected, position } = answer.body as { rowsAffected: number; position: number };
  assert.equal(rowsAffected, 1);
  assert.equal(position, positionOf(answer));
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
});

test("a read answers an array of objects, in the columns' order, and the position of the copy that answered", async () => {
  const answer = await answered({
    table: "users",
    columns: ["password", "username"],
    where: { username: "ann" },
    consistency: "strong",
  });
  assert.equal(answer.text, JSON.stringify([{ password: user("ann").password, username: "ann" }]));
  assert.ok(positionOf(answer) > 0);
});

type Refused = readonly [body: unknown, field: string, code?: string];

async function assertRefused(send: typeof read, [body, field, code = "bad_request"]: Refused): Promise<void> {
  const answer = await send(body);
  assert.equal(answer.status, 400, `${JSON.stringify(body)}: ${answer.text}`);
  const { error } = answer.body as { error: { code: string; message: string; field?: string } };
  assert.equal(error.code, code, answer.text);
  assert.equal(error.field, field, answer.text);
  assert.ok(error.message.length > 0);
}

describe("a bad request is 400 and names the field", () => {
  const writes: readonly Refused[] = [
    [[1, 2], "(body)"],
    [{ table: "users" }, "op"],
    [{ op: "insret", table: "users", row: { username: "x" } }, "op"],
    [{ op: "insert", row: { username: "x" } }, "table"],
    [{ op: "insert", table: "users" }, "rows"],
    [{ op: "insert", table: "users", rows: [] }, "rows"],
    [{ op: "update", table: "users", where: { username: "ann" } }, "set"],
    [{ op: "delete", table: "users" }, "where"],
    [{ op: "delete", table: "users", where: "username =" }, "where"],
    [{ op: "insert", table: "nobody", row: { a: 1 } }, "table", "unknown_table"],
    [{ table: "users", column: ["username"], insert: ["a", "b"] }, "insert"],
  ];
  for (const refused of writes)
    test(`write ${JSON.stringify(refused[0])}`, () => assertRefused(write, refused));

  const reads: readonly Refused[] = [
    [{}, "table"],
    [{ table: 7 }, "table"],
    [{ table: "users", colums: ["username"] }, "colums"],
    [{ table: "users", where: "username = 'ann' AND" }, "where"],
    [{ table: "users", where: "0 UNION SELECT password FROM users" }, "where"],
    [{ table: "users", where: "1=1; DROP TABLE users" }, "where"],
    [{ table: "users", limit: -1 }, "limit"],
    [{ table: "users", consistency: "total" }, "consistency"],
    [{ table: "user" }, "table", "unknown_table"],
    [{ table: "users", columns: ["name"] }, "columns[0]", "unknown_column"],
    [{ table: "users", columns: ["username; --"] }, "columns[0]", "unknown_column"],
  ];
  for (const refused of reads) test(`read ${JSON.stringify(refused[0])}`, () => assertRefused(read, refused));

  test("a body that is no JSON", async () => {
    assert.equal((await read('{"table": "users"')).status, 400);
  });
});

describe("a violated constraint is 409", () => {
  const ride = { created_by: "ann", timestamp: "t", source: 1, destination: 2 };
  const violations = {
    "a primary key that exists": { op: "insert", table: "users", row: user("ann") },
    "a reference to nobody": { op: "insert", table: "rides", row: { ...ride, created_by: "nobody" } },
    "null where there must be a value": { op: "insert", table: "rides", row: { ...ride, timestamp: null } },
  };
  for (const [what, body] of Object.entries(violations))
    test(what, async () => {
      const answer = await write(body);
      assert.equal(answer.status, 409, answer.text);
      assert.equal((answer.body as { error: { code: string } }).error.code, "constraint_violation");
    });
});

test("a body beyond the manifest's bound is 413", async () => {
  // One that wants the connection closed may find it closed before it has sent everything.
  const answer = await write(
    { op: "insert", table: "users", row: user("x".repeat(2 * 2 ** 20)) },
    { Connection: "keep-alive" },
  );
  assert.equal(answer.status, 413);
});

test("very long texts are accepted below that bound", async () => {
  const username = "long".repeat(100_000);
  await insertUsers(username);
  assert.deepEqual(await rowsNow({ table: "users", columns: ["username"], where: { username } }), [
    { username },
  ]);
});

test("one bad write among many fails alone", async () => {
  const names = Array.from({ length: 20 }, (_, i) => (i % 5 === 0 ? "ann" : `among-${i}`));
  const answers = await Promise.all(
    names.map((name) => write({ op: "insert", table: "users", row: user(name) })),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    names.map((name) => (name === "ann" ? 409 : 200)),
  );
});

test("db/clear empties every table", async () => {
  await written({
    op: "insert",
    table: "rides",
    row: { created_by: "ann", timestamp: "t", source: 1, destination: 2 },
  });
  const answer = await sentAgain(() => call("POST", "/api/v1/db/clear"));
  assert.equal(answer.status, 200);
  for (const table of ["users", "rides", "riders"])
    assert.deepEqual(await rowsNow({ table, count: true }), [{ count: 0 }], table);
});
