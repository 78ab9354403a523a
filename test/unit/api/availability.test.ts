// What keeps a request out does it on every route of data, in the same words, and what a request may do is asked once, where it writes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import { Door } from "../../../api/access/door.ts";
import { paths } from "../../../api/http/routes.ts";
import { type AccessSpec, openAccess, type Role, roles } from "../../../core/access.ts";
import { knownSince, knownStatements } from "../../../core/messages/statement.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { TestServer } from "./test-server.ts";

const access: AccessSpec = {
  ...openAccess,
  tokens: roles.map((role) => ({
    name: role,
    role,
    sha256: createHash("sha256").update(`token-${role}`).digest("hex"),
  })),
};
const server = new TestServer(access);
before(() => server.start());
after(() => server.stop());
afterEach(() => {
  server.dataMissing = false;
  server.knownStatements = knownStatements;
  server.restoring.attempt = undefined;
});

const execute = (sql: string) => ({ type: "execute", stmt: { sql } });
const bodies: readonly (readonly [path: string, body: object])[] = [
  [paths.read, { sql: "SELECT 1" }],
  [paths.write, { sql: "DELETE FROM t" }],
  [paths.write, { statements: [{ sql: "DELETE FROM t" }] }],
  [paths.pipeline2, { requests: [execute("SELECT 1")] }],
  [paths.pipeline3, { requests: [execute("DELETE FROM t")] }],
  [paths.cursor, { batch: { steps: [{ stmt: { sql: "SELECT 1" } }] } }],
];

const ask = (path: string, body: object, role: Role = "admin") =>
  server.call("POST", path, { token: `token-${role}`, body: JSON.stringify(body) });

describe("what keeps all requests out", () => {
  for (const [what, begin, message] of [
    ["missing data", () => (server.dataMissing = true), /^not all acknowledged data is there, .* says what/],
    ["a restore", () => (server.restoring.attempt = "one"), /^a backup is being restored/],
    [
      "workers without SQL",
      () => (server.knownStatements = knownSince.sql - 1),
      /^the workers of an earlier version, .* again$/,
    ],
  ] as const)
    it(`is said of ${what} in the same words on each route`, async () => {
      begin();
      const said = new Set<string>();
      for (const [path, body] of bodies) {
        const { status, headers, text } = await ask(path, body);
        assert.deepEqual([status, headers["retry-after"]], [503, "1"], path);
        said.add(JSON.parse(text).error.message);
      }
      assert.equal(said.size, 1, [...said].join("\n"));
      assert.match([...said].join(), message);
    });

  it("does not keep row forms from workers that know no SQL", async () => {
    server.knownStatements = knownSince.sql - 1;
    assert.equal((await ask(paths.read, { table: "t" })).status, 200);
    assert.equal((await ask(paths.write, { op: "insert", table: "t", row: { a: 1 } })).status, 200);
  });

  it("keeps what an earlier version knows from no worker that tells it knows more", async () => {
    server.knownStatements = knownStatements + 1;
    for (const [path, body] of bodies.slice(0, 3)) assert.equal((await ask(path, body)).status, 200, path);
  });
});

describe("what a request may do beyond reading", () => {
  const asked = (t: TestContext) => t.mock.method(server.door, "forbids").mock;

  it("is not asked where it only reads, and once however much it writes", async (t) => {
    const forbids = asked(t);
    await ask(paths.pipeline3, { requests: [execute("SELECT 1"), execute("BEGIN"), execute("ROLLBACK")] });
    assert.equal(forbids.callCount(), 0);
    const many = ["DELETE FROM t", "CREATE TABLE u (a)", "DELETE FROM t"].map(execute);
    await ask(paths.pipeline3, { requests: many }, "writer");
    assert.equal(forbids.callCount(), 1);
  });

  it("is nothing more once the token was taken away", () => {
    const door = new Door(systemClock, access);
    const headers = { authorization: "Bearer token-writer" };
    const req = { headers };
    assert.equal(door.forbids(req)("writer"), undefined);
    assert.equal(door.forbids(req)("admin")?.code, "forbidden");
    door.goBy({ ...access, tokens: access.tokens.filter(({ role }) => role === "admin") });
    assert.equal(door.forbids(req)("writer")?.code, "unauthenticated");
  });
});
