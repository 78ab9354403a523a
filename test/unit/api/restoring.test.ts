import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { pathsOf } from "../../../core/state/znodes.ts";
import { TestServer } from "./test-server.ts";

const server = new TestServer();
before(() => server.start());
after(() => server.stop());

const route = "/api/v1/db/restore";
const read = (headers: Record<string, string> = {}) =>
  server.call("POST", "/api/v1/db/read", { body: '{"sql":"SELECT 1"}', headers });

it("a restore keeps all requests out but its own, until it is ended by its own attempt", async () => {
  assert.equal((await read({ "X-DBaaS-Restore": "one" })).status, 400);
  assert.equal((await server.call("GET", route)).text, '{"restore":null}');
  assert.equal((await server.call("PUT", `${route}?attempt=one`)).status, 200);
  assert.equal((await read()).status, 503);
  assert.equal((await server.call("POST", "/api/v1/db/clear")).status, 503);
  assert.equal((await read({ "X-DBaaS-Restore": "one" })).status, 200);
  const { restore } = JSON.parse((await server.call("GET", route)).text);
  assert.equal(restore.attempt, "one");
  assert.equal((await server.call("PUT", `${route}?attempt=two&done=true`)).status, 409);
  assert.equal((await server.call("PUT", `${route}?attempt=two`)).status, 200);
  assert.equal((await read({ "X-DBaaS-Restore": "one" })).status, 503);
  assert.equal((await server.call("PUT", `${route}?attempt=two&done=true`)).status, 200);
  assert.equal(server.znodes.nodes.has(pathsOf("test").restore), false);
  assert.equal((await read()).status, 200);
});

it("an attempt that is none is refused", async () => {
  for (const query of ["", "?attempt=", "?attempt=a%20b", "?attempt=one&done=yes"])
    assert.equal((await server.call("PUT", `${route}${query}`)).status, 400, query);
});
