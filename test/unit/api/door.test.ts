import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Access } from "../../../api/access/door.ts";
import { watchFirstAccess } from "../../../api/access/first-access.ts";
import { suffices } from "../../../api/access/guard.ts";
import { needs, paths, type RoutePath } from "../../../api/http/routes.ts";
import { type AccessSpec, openAccess, type Role, roles } from "../../../core/access.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { TestServer } from "./test-server.ts";

const tokenOf = (role: Role) => `dbaas_${role}_${"x".repeat(40)}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const closed: AccessSpec = {
  ...openAccess,
  tokens: roles.map((role) => ({ name: `the-${role}`, role, sha256: sha256(tokenOf(role)) })),
};

const server = new TestServer(closed);
before(() => server.start());
after(() => server.stop());
beforeEach(() => {
  server.door.goBy(closed);
  server.reads.length = 0;
  server.writes.length = 0;
  server.counted = 0;
});

const posts: readonly RoutePath[] = [
  paths.read,
  paths.write,
  paths.clear,
  paths.crashMaster,
  paths.crashSlave,
  paths.switchover,
];
const methodOf = (path: RoutePath) => (posts.includes(path) ? "POST" : "GET");
const isRefused = (status: number) => status === 401 || status === 403;
const codeIn = (text: string) => (JSON.parse(text) as { error: { code: string; message: string } }).error;

describe("every route behind the closed door", () => {
  for (const path of Object.values(paths)) {
    const need = needs[path];
    it(`${path} is for ${need === "anyone" ? "anyone" : `${need} and above`}, in every method`, async () => {
      for (const method of [methodOf(path), "PUT", "DELETE", "OPTIONS"]) {
        const without = await server.call(method, path);
        assert.equal(without.status === 401, need !== "anyone", `${method} without a token`);
        for (const role of roles) {
          const { status, text, headers } = await server.call(method, path, { token: tokenOf(role) });
          assert.equal(isRefused(status), !suffices(role, need), `${method} as ${role}: ${status} ${text}`);
          if (status !== 403) continue;
          assert.equal(codeIn(text).code, "forbidden");
          assert.match(codeIn(text).message, new RegExp(`needs the role ${need};.* has the role ${role}$`));
          assert.match(String(headers["www-authenticate"]), new RegExp(`scope="${need}"`));
        }
      }
    });
  }

  it("says what is missing, by header and by body", async () => {
    const missing = await server.call("POST", paths.read, { body: "{}" });
    assert.deepEqual([missing.status, codeIn(missing.text).code], [401, "unauthenticated"]);
    assert.equal(missing.headers["www-authenticate"], 'Bearer realm="mini-dbaas"');
    const wrong = await server.call("POST", paths.read, { body: "{}", token: "guess" });
    assert.equal(wrong.headers["www-authenticate"], 'Bearer realm="mini-dbaas", error="invalid_token"');
    assert.deepEqual([server.reads.length, server.counted], [0, 0]);
  });

  it("serves the right token as if there were no door", async () => {
    const read = await server.call("POST", paths.read, {
      token: tokenOf("reader"),
      body: '{"table":"users"}',
    });
    assert.deepEqual([read.status, read.text, server.counted], [200, "[]", 1]);
    const body = '{"op":"insert","table":"users","row":{"username":"asha"}}';
    assert.equal((await server.call("POST", paths.write, { token: tokenOf("reader"), body })).status, 403);
    assert.equal((await server.call("POST", paths.write, { token: tokenOf("writer"), body })).status, 200);
    assert.equal(server.writes.length, 1);
  });

  it("takes no token from anywhere but the Authorization header", async () => {
    const token = tokenOf("admin");
    for (const attempt of [
      server.call("GET", `${paths.status}?access_token=${token}`),
      server.call("GET", paths.status, { headers: { Cookie: `token=${token}`, "X-Token": token } }),
      server.call("GET", paths.status, { headers: { "Proxy-Authorization": `Bearer ${token}` } }),
      server.call("GET", `http://${token}@localhost${paths.status}`),
    ])
      assert.equal((await attempt).status, 401);
  });
});

describe("however a path is written", () => {
  const variants = (path: string) => [
    path,
    `${path}/`,
    `${path}?x=1`,
    `${path}#x`,
    path.toUpperCase(),
    `/${path}`,
    `/.${path}`,
    `/x/..${path}`,
    `/%2e%2e${path}`,
    `/healthz/..${path}`,
    `/healthz/%2e%2e${path}`,
    path.replace(/\//g, "%2f"),
    path.replace("/api", "/%61pi"),
    path.replace(/\//g, "\\"),
    path.replace(/\//g, "//"),
    `${path};x=1`,
    `${path}%00`,
    `${path}%20`,
    `${path}/.`,
    `${path}/..`,
    `http://localhost${path}`,
    `http://localhost:1/${path}`,
    `*${path}`,
    `${path}%ff`,
    `${path}%`,
  ];

  for (const path of [paths.read, paths.write, paths.clear, paths.crashMaster, paths.status, paths.metrics])
    it(`${path} is not reached without a token, and nothing breaks`, async () => {
      for (const variant of variants(path)) {
        const { status } = await server.call(methodOf(path), variant);
        assert.ok([400, 401, 404].includes(status), `${variant}: ${status}`);
      }
      assert.deepEqual([server.reads.length, server.writes.length, server.counted], [0, 0, 0]);
    });
});

describe("the door", () => {
  it("opens and closes with the manifest, at once", async () => {
    const status = async () => (await server.call("POST", paths.read, { body: '{"table":"t"}' })).status;
    server.door.goBy(openAccess);
    assert.equal(await status(), 200);
    server.door.goBy(closed);
    assert.equal(await status(), 401);
  });

  it("forgets a token that was taken out of the manifest", async () => {
    const ask = async () => (await server.call("GET", paths.stats, { token: tokenOf("writer") })).status;
    assert.notEqual(await ask(), 401);
    server.door.goBy({ ...closed, tokens: closed.tokens.filter(({ role }) => role !== "writer") });
    assert.equal(await ask(), 401);
  });

  it("ends the streams of those who listen when other rules hold, and lets them in by these", async () => {
    const listen = (role: Role): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}${paths.events}`, {
        headers: { Accept: "text/event-stream", Authorization: `Bearer ${tokenOf(role)}` },
      });
    const [writer, reader] = await Promise.all([listen("writer"), listen("reader")]);
    assert.deepEqual([writer.status, reader.status], [200, 200]);
    server.door.goBy({ ...closed, tokens: closed.tokens.filter(({ role }) => role !== "writer") });
    for (const ended of await Promise.all([writer.text(), reader.text()]))
      assert.match(ended, /event: history/);
    const again = await Promise.all([listen("writer"), listen("reader")]);
    assert.deepEqual(
      again.map(({ status }) => status),
      [401, 200],
    );
    server.door.goBy(openAccess);
    assert.match(await (again[1] as Response).text(), /event: history/);
  });

  it("answers 429 with the seconds to wait, and goes on counting when the same manifest comes again", async () => {
    const limited: AccessSpec = { ...openAccess, rateLimit: { perSecond: 1, burst: 3 } };
    server.door.goBy(limited);
    const ask = (path: string) => server.call("GET", path);
    for (const path of [paths.health, "/nothing"]) await ask(path);
    server.door.goBy(structuredClone(limited));
    await ask(paths.health);
    for (const path of [paths.health, paths.read, "/nothing"]) {
      const { status, headers, text } = await ask(path);
      assert.deepEqual([status, headers["retry-after"], codeIn(text).code], [429, "1", "rate_limited"], path);
    }
    server.pass(1_000);
    assert.equal((await ask(paths.health)).status, 200);
  });

  it("lets nobody in but probes while it is not known what the manifest says", async () => {
    const starting = new TestServer("unknown");
    await starting.start();
    try {
      const { status, headers } = await starting.call("POST", paths.read, { body: '{"table":"t"}' });
      assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
      assert.equal((await starting.call("GET", paths.health)).status, 200);
      starting.door.goBy(openAccess);
      assert.equal((await starting.call("POST", paths.read, { body: '{"table":"t"}' })).status, 200);
    } finally {
      await starting.stop();
    }
  });
});

describe("the first look at the manifest", () => {
  const log = createLog({ program: "api", format: "json", level: "silent" });
  const folder = mkdtempSync(join(tmpdir(), "door-"));
  const file = join(folder, "dbaas.yaml");
  const stop = new AbortController();
  after(() => {
    stop.abort();
    rmSync(folder, { recursive: true });
  });
  const head = "apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata:\n  name: rides\nspec:\n";
  /** @param ageS how long ago the file was last written */
  const look = async (text: string, ageS = 60) => {
    writeFileSync(file, text);
    utimesSync(file, Date.now() / 1_000, Date.now() / 1_000 - ageS);
    let access: Access = "unknown";
    const goBy = (told: Access) => {
      access = told;
    };
    await watchFirstAccess({ file, goBy, log }, stop.signal);
    return access;
  };

  it("finds the door open where the manifest says nothing of it", async () =>
    assert.deepEqual(await look(`${head}  paused: false\n`), openAccess));

  it("finds the tokens", async () => {
    const token = { name: "a", role: "admin", sha256: sha256("x") } as const;
    assert.deepEqual(
      await look(`${head}  access: { tokens: [{ name: a, role: admin, sha256: "${token.sha256}" }] }\n`),
      {
        ...openAccess,
        tokens: [token],
      },
    );
  });

  it("does not know what a wrong manifest, or none, means", async () => {
    assert.equal(await look(`${head}  acces: {}\n`), "unknown");
    assert.equal(await look("nonsense: ["), "unknown");
    let access: Access = "unknown";
    const goBy = (told: Access) => {
      access = told;
    };
    await watchFirstAccess({ file: join(folder, "none.yaml"), goBy, log }, stop.signal);
    assert.equal(access, "unknown");
  });

  it("does not trust a manifest that was only just written: its tokens may still be to come", async () =>
    assert.equal(await look(`${head}  paused: false\n`, 0), "unknown"));
});
