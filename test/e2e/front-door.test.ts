// The front door of the running system: who gets in, and what stands behind it. The manifest
// closes the door for these tests; the next file finds it open again.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import type { JsonSchema, OpenApi } from "../../api/openapi/json-schema.ts";
import { Dbaas } from "../../client/client.ts";
import { DbaasError } from "../../client/errors.ts";
import { type Role, roles } from "../../core/access.ts";
import { messageOf } from "../../core/errors.ts";
import { pathsOf } from "../../core/state/znodes.ts";
import { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import { dbaas, dbaasWith, docker } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { signal } from "../../tools/cluster/orchestrator.ts";
import { seenPaths } from "../../tools/cluster/registry.ts";
import { cluster, containers, ports } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { giveToken, openRoute, sendRequest } from "../support/api-page.ts";
import { noBrowser, openDashboard, origin, useBrowser, visitDashboard } from "../support/browser.ts";
import { makeCertificate, noOpenssl } from "../support/certificate.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, rows, sentAgain } from "../support/database.ts";
import { asRole, closeDoor, openDoor, tokens } from "../support/door.ts";
import { harmlessBody } from "../support/harmless-bodies.ts";
import { openStranger, refusedAt } from "../support/stranger.ts";

useCluster();
useBrowser();

async function description(): Promise<OpenApi> {
  const { status, body } = await call("GET", "/openapi.json");
  assert.equal(status, 200);
  return body as OpenApi;
}

test("RabbitMQ knows no guest and no guess", async () => {
  for (const user of ["guest:guest", "dbaas:dbaas", "dbaas:", "admin:admin"])
    await assert.rejects(
      Rabbit.open(`amqp://${user}@127.0.0.1:${ports.rabbit}`, "stranger"),
      (error) => /ACCESS[_-]REFUSED/.test(messageOf(error)),
      user,
    );
});

test("every node in ZooKeeper is for the cluster alone", async () => {
  const paths = await seenPaths("/");
  for (const path of [pathsOf(cluster).master, pathsOf(cluster).status, pathsOf(cluster).spec])
    assert.ok(paths.includes(path), `${path} among ${paths}`);
  for (const credentials of ["", "dbaas:guess@"]) {
    const stranger = await openStranger(credentials);
    try {
      for (const path of paths) {
        const below = `${path === "/" ? "" : path}/x`;
        await refusedAt(path, "read", () => stranger.get(path), /\(-102\)/);
        await refusedAt(path, "change", () => stranger.set(path, "{}"), /\(-102\)/);
        await refusedAt(path, "add to", () => stranger.create(below, ""), /\(-10[28]\)/);
      }
    } finally {
      stranger.close();
    }
  }
});

test("what the system answers is what its description says", async () => {
  await insertUsers("ann", "ben");
  const { paths, components } = await description();
  const validate = (schema: JsonSchema, value: unknown, what: string) => {
    const text = JSON.stringify({ ...schema, $defs: components.schemas });
    const validator = z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
    const result = validator.safeParse(value);
    assert.ok(result.success, `${what}: ${result.error?.message} in ${JSON.stringify(value)}`);
  };
  for (const [path, { get }] of Object.entries(paths)) {
    if (get === undefined) continue;
    const answer = await call("GET", path);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    const { content = {} } = get.responses["200"] ?? {};
    const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
    assert.ok(Object.hasOwn(content, type), `${path} is ${type}`);
    if (type === "application/json") validate(content[type]?.schema ?? {}, answer.body, path);
  }
  const posts: readonly (readonly [path: string, body: unknown, status: number])[] = [
    ["/api/v1/db/read", { table: "users" }, 200],
    ["/api/v1/db/read", { table: "users", count: true }, 200],
    ["/api/v1/db/read", { table: "nobody" }, 400],
    ["/api/v1/db/write", { op: "delete", table: "users", where: { username: "ben" } }, 200],
    ["/api/v1/db/write", { op: "insert", table: "users", row: { username: "ann", password: "x" } }, 409],
  ];
  for (const [path, body, status] of posts) {
    const answer = await call("POST", path, { body });
    assert.equal(answer.status, status, answer.text);
    const response = paths[path]?.post?.responses[String(status)];
    validate(response?.content?.["application/json"]?.schema ?? { enum: [] }, answer.body, path);
    for (const name of Object.keys(status === 200 ? (response?.headers ?? {}) : {}))
      assert.ok(answer.headers[name.toLowerCase()] !== undefined, `${path} lacks ${name}`);
  }
});

test("the client reads what it wrote, across the death of the master", async () => {
  const db = new Dbaas({ url: origin });
  const row = { username: "cleo", password: "x" };
  await db.write({ op: "insert", table: "users", row });
  assert.deepEqual(await db.read({ table: "users", where: { username: "cleo" } }), [row]);
  await crash("master");
  await db.write({ op: "update", table: "users", set: { password: "y" }, where: { username: "cleo" } });
  assert.deepEqual(await db.read({ table: "users", columns: ["password"], where: { username: "cleo" } }), [
    { password: "y" },
  ]);
  assert.equal(await db.count("users", { username: "cleo" }), 1);
  assert.ok((await db.events()).some(({ message }) => message.includes("master")));
  await settled();
});

test("one field of the manifest closes the door, for each role in its measure", async () => {
  await closeDoor();
  const { paths } = await description();
  // Not those that would take the cluster apart; the unit tests have them all.
  const harmless = new Map(
    Object.entries(paths).filter(([path]) => !/crash|switchover|accept-loss|restore|events/.test(path)),
  );
  for (const [path, methods] of harmless)
    for (const [method, { "x-needs": need }] of Object.entries(methods)) {
      const body = harmlessBody(path);
      const ask = (headers?: { readonly headers: Readonly<Record<string, string>> }) =>
        call(method.toUpperCase(), path, { ...headers, ...(method === "post" ? { body } : {}) });
      const done = method === "put" ? 415 : 200; // A manifest without a type.
      assert.equal((await ask()).status, need === "anyone" ? 200 : 401, path);
      for (const role of roles) {
        const allowed = need === "anyone" || roles.indexOf(role) >= roles.indexOf(need as Role);
        assert.equal((await ask(asRole(role))).status, allowed ? done : 403, `${method} ${path} as ${role}`);
      }
    }
  const loss = "/api/v1/db/accept-loss";
  for (const path of ["/api/v1/crash/master", "/api/v1/crash/slave", "/api/v1/master/switchover", loss]) {
    assert.equal((await call("POST", path)).status, 401);
    assert.equal((await call("POST", path, asRole("writer"))).status, 403);
  }
  // Nothing is missing.
  assert.equal((await call("POST", loss, asRole("admin"))).status, 409);
});

test("the pages are there for everybody, with the headers that keep them safe, and without data", async () => {
  const files = ["style/tokens.css", "main.js", "swagger-ui/swagger-ui-bundle.js"];
  for (const path of ["/", "/docs", ...files.map((file) => `/dashboard/${file}`)]) {
    const { status, headers } = await call("GET", path);
    assert.equal(status, 200, path);
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*/, path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["referrer-policy"], "no-referrer", path);
    assert.equal(headers["x-powered-by"], undefined);
  }
});

test("the dashboard asks for a token and lives with it, and so does the page of the API", {
  skip: noBrowser,
}, async (t) => {
  const { page, complaints } = await openDashboard(t, {}, "refused");
  assert.equal(await page.locator(".worker").count(), 0);
  await page.locator("#sign-in-open").click();
  await page.locator("#token").fill(tokens.reader);
  await page.locator("#sign-in-form button[type=submit]").click();
  await page.locator("html[data-link=live]").waitFor();
  await page.locator(".worker").first().waitFor();
  const workers = await openRoute(page, "Cluster/workers");
  await sendRequest(workers, 200);
  // Another token, given to this page, is the dashboard's as well.
  await giveToken(page, "no-token");
  await sendRequest(workers, 401);
  await visitDashboard(page, "refused");
  // The browser tells of each refused request by itself, and the page goes on asking for as long as it is there.
  await page.goto("about:blank");
  assert.ok(complaints.every((one) => one.includes("401")));
  complaints.length = 0;
});

test("the client and the command line get in with a token, and are told when they lack one", async () => {
  const row = { username: "dora", password: "x" };
  await new Dbaas({ url: origin, token: tokens.writer }).write({ op: "upsert", table: "users", row });
  await assert.rejects(
    new Dbaas({ url: origin, token: tokens.reader }).clear(),
    (error) => error instanceof DbaasError && error.code === "forbidden",
  );
  await assert.rejects(new Dbaas({ url: origin }).workers(), /a bearer token is needed/);
  await assert.rejects(dbaas("sql", "SELECT count(*) FROM users"), /a bearer token is needed.*DBAAS_TOKEN/);
  const counted = await dbaasWith(
    { DBAAS_TOKEN: tokens.reader },
    "sql",
    "--strong",
    "-o",
    "json",
    "SELECT username FROM users WHERE username = 'dora'",
  );
  assert.deepEqual(JSON.parse(counted), [{ username: "dora" }]);
  assert.match(await dbaas("up"), /is up on/);
});

test("the door stays closed when the API dies, and while ZooKeeper is away", async () => {
  const statuses = new Set<number>();
  const knock = async () => {
    const answer = await call("POST", "/api/v1/db/read", { body: { table: "users" } }).catch(() => null);
    if (answer !== null) statuses.add(answer.status);
    return answer?.status;
  };
  await docker("pause", containers.zooKeeper);
  try {
    assert.ok(await signal("api", "KILL"));
    await until("the API is back and knows its manifest", 30_000, async () => {
      const status = await knock();
      return status === 401 ? found(true) : notYet(status);
    });
    // Nor does the way to the data need ZooKeeper.
    await until("the right token is served", 30_000, async () => {
      const { status } = await call("POST", "/api/v1/db/read", {
        body: { table: "users" },
        ...asRole("reader"),
      });
      return status === 200 ? found(true) : notYet(status);
    });
  } finally {
    await docker("unpause", containers.zooKeeper);
    // The engine calls a paused container unhealthy until the next check, and what needs it waits for it to be healthy.
    await until("ZooKeeper is called healthy again", 90_000, async () => {
      const health = await docker("inspect", "--format", "{{.State.Health.Status}}", containers.zooKeeper);
      return health.trim() === "healthy" ? found(true) : notYet(health);
    });
  }
  assert.deepEqual([...statuses], [401]);
});

test("what goes beyond the limit gets 429, and others are served meanwhile", async () => {
  const [perSecond, burst] = [1, 20];
  await closeDoor({ perSecond, burst });
  const readAs = (role: Role) =>
    call("POST", "/api/v1/db/read", { body: { table: "users" }, timeoutMs: 60_000, ...asRole(role) });
  const startedAtMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 60 }, () => readAs("reader")));
  const tookS = (performance.now() - startedAtMs) / 1_000;
  const limited = answers.filter(({ status }) => status === 429);
  const admitted = answers.filter(({ status }) => status !== 429);
  // Behind the door it is a read like any other, which may be asked to come again.
  assert.ok(admitted.every(({ status }) => status === 200 || status === 503));
  const admittedMax = burst + tookS * perSecond + 1;
  assert.ok(
    admitted.length >= burst && admitted.length <= admittedMax,
    `${admitted.length} of 60 came in within ${tookS} s`,
  );
  assert.match(limited[0]?.headers["retry-after"] ?? "", /^[1-9]\d*$/);
  assert.equal((await sentAgain(() => readAs("writer"))).status, 200);
});

test("the door opens again with the manifest", async () => {
  await openDoor();
  assert.equal((await rows({ table: "users", count: true })).length, 1);
  await settled();
});

test("with a certificate the API speaks TLS on its port, and nothing else", {
  skip: noOpenssl,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "dbaas-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const ca = makeCertificate(folder, "localhost");
  try {
    assert.match(await dbaasWith({ DBAAS_TLS: folder }, "up"), /is up on https:\/\/localhost/);
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        { host: "localhost", port: ports.api, path: "/readyz", ca, agent: false },
        (res) => {
          res.resume();
          resolve(res.statusCode);
        },
      );
      asked.on("error", reject);
      asked.end();
    });
    assert.equal(status, 200);
    await assert.rejects(call("GET", "/readyz"));
    assert.match(await dbaas("sql", "SELECT count(*) FROM users"), /1 row/);
  } finally {
    await dbaas("up");
  }
  await settled();
});
