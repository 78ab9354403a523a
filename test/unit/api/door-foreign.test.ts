// While the manifest names no tokens, an address that only the inside can reach is all that protects the service. A browser
// on the inside must not lend its place to the pages of others.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { knownHost } from "../../../api/access/door.ts";
import { needs, paths } from "../../../api/http/routes.ts";
import { openAccess } from "../../../core/access.ts";
import { TestServer } from "./test-server.ts";

const server = new TestServer();
before(() => server.start());
after(() => server.stop());
beforeEach(() => {
  server.door.goBy(openAccess);
  server.writes.length = 0;
});

const body = '{"op":"insert","table":"users","row":{"username":"forged"}}';
const write = async (headers: Record<string, string>) =>
  (await server.call("POST", paths.write, { body, headers })).status;
const get = async (path: string, headers: Record<string, string>) =>
  (await server.call("GET", path, { headers })).status;

describe("a page of another site", () => {
  for (const [what, headers] of [
    ["as the browser says it", { "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain" }],
    ["of another port of the same machine", { "Sec-Fetch-Site": "same-site" }],
    ["by its origin, where the browser says nothing else", { Origin: "http://evil.example" }],
    ["by its origin on another port", { Origin: "http://localhost:3000", Host: "localhost" }],
    ["in a frame without an origin", { Origin: "null" }],
    ["whose name was made to lead here", { Host: "evil.example", Origin: "http://evil.example" }],
    [
      "whose name was made to lead here, as the browser says it",
      { Host: "evil.example", "Sec-Fetch-Site": "same-origin" },
    ],
    [
      "whose name was made to lead to a proxy",
      { Host: "db", "X-Forwarded-Host": "evil.example", Origin: "http://evil.example" },
    ],
  ] as const)
    it(`cannot ask for anything that changes or reads data: ${what}`, async () => {
      for (const [path, need] of Object.entries(needs)) {
        if (need === "anyone") continue;
        const { status, text } = await server.call("POST", path, { body, headers });
        // What takes no POST says so to its own pages only.
        assert.equal(status, 403, `${path}: ${text}`);
        assert.match(text, /"code":"forbidden"/);
      }
      assert.equal(server.writes.length, 0);
    });

  it("cannot listen to the events or load what is here, but may link to it", async () => {
    const foreign = { "Sec-Fetch-Site": "cross-site", Accept: "text/event-stream" };
    assert.equal(await get(paths.events, { ...foreign, "Sec-Fetch-Mode": "cors" }), 403);
    assert.equal(
      await get(paths.docs, { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" }),
      200,
    );
  });

  it("has no token to send: where tokens are asked for, nothing else counts", async () => {
    server.door.goBy({ ...openAccess, tokens: [{ name: "a", role: "admin", sha256: "0".repeat(64) }] });
    assert.equal(await write({ "Sec-Fetch-Site": "cross-site" }), 401);
    assert.equal(await write({ Host: "db.example.com" }), 401);
  });

  it("is turned away behind a rate limit, too", async () => {
    server.door.goBy({ ...openAccess, rateLimit: { perSecond: 100, burst: 100 } });
    assert.equal(await write({ "Sec-Fetch-Site": "cross-site" }), 403);
    assert.equal(await write({}), 200);
  });
});

describe("the service's own pages and clients", () => {
  for (const [what, headers] of [
    ["a program", {}],
    ["a service in the same network", { Host: "orchestrator" }],
    [
      "the dashboard",
      { "Sec-Fetch-Site": "same-origin", Origin: "http://localhost:8080", Host: "localhost:8080" },
    ],
    [
      "the dashboard in a browser that says only the origin",
      { Origin: "http://192.168.1.5", Host: "192.168.1.5:80" },
    ],
    ["the dashboard over TLS", { Origin: "https://[::1]", Host: "[::1]:443" }],
    [
      "the dashboard behind a proxy",
      { Origin: "https://db.local", Host: "orchestrator:80", "X-Forwarded-Host": "db.local" },
    ],
    ["a person", { "Sec-Fetch-Site": "none" }],
  ] as const)
    it(`are served: ${what}`, async () => assert.equal(await write(headers), 200));

  it("are served under names that the manifest lists", async () => {
    assert.equal(await write({ Host: "db.example.com" }), 403);
    server.door.goBy({ ...openAccess, hosts: ["db.example.com", "*.example.org"] });
    assert.equal(await write({ Host: "DB.example.com:8080" }), 200);
    assert.equal(await write({ Host: "a.b.example.org" }), 200);
    assert.equal(await write({ Host: "example.org" }), 403);
    assert.equal(await write({ Host: "evil.example", Origin: "http://evil.example" }), 403);
  });

  it("need not be listed where their name exists only inside", () => {
    for (const host of [
      "localhost",
      "127.0.0.1:80",
      "[::1]",
      "dbaas-orchestrator",
      "db.internal:8080",
      "nas.local.",
    ])
      assert.equal(knownHost(host, []), true, host);
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "local.evil"])
      assert.equal(knownHost(host, []), false, host);
    assert.equal(knownHost("any.example", ["*"]), true);
  });

  it("may look at the state under any name", async () => {
    assert.equal(await get(paths.health, { Host: "lb.example.com" }), 200);
  });
});
