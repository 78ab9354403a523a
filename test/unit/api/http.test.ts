import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { Door } from "../../../api/access/door.ts";
import type { PendingRead, PendingWrite } from "../../../api/batching/pending.ts";
import { CurrentZnodes } from "../../../api/cluster/znodes.ts";
import { ApiServer } from "../../../api/http/api-server.ts";
import { Bodies } from "../../../api/http/bodies.ts";
import { clusterRoutes } from "../../../api/http/cluster-routes.ts";
import { DatabaseRoutes } from "../../../api/http/database-routes.ts";
import { createRoutes, paths as routePaths } from "../../../api/http/routes.ts";
import { Unsent } from "../../../api/http/unsent.ts";
import { limits } from "../../../api/limits.ts";
import { Meters } from "../../../api/live/meters.ts";
import { openAccess } from "../../../core/access.ts";
import type { RefusalCode } from "../../../core/errors.ts";
import { specSchema } from "../../../core/manifest/spec-schema.ts";
import { type Command, pathsOf, toJson } from "../../../core/state/znodes.ts";
import { systemClock as clock } from "../../../platform/process/clock.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { eventually, FakeZnodes } from "./fake-znodes.ts";
import { patient } from "./patience.ts";

const door = new Door(clock, openAccess);
const log = createLog({ program: "api", format: "json", level: "silent" });
const paths = pathsOf("test");
const requests = { ...specSchema.parse({}).requests, bodyBytesMax: 1_000 };
const reads: PendingRead[] = [];
const writes: PendingWrite[] = [];
let [counted, dataMissing] = [0, false];
let fake = new FakeZnodes();
const znodes = new CurrentZnodes();
const broker = { connected: true };
const workers: { master: string | undefined } = { master: "w-1" };
/** What stands in for the batchers; by default they answer at once. */
let onRead = (_read: PendingRead): void => undefined;
let onWrite = (_write: PendingWrite): void => undefined;

function makeServer(): ApiServer {
  const countRead = () => {
    counted += 1;
  };
  const meters = new Meters(clock);
  const unsent = new Unsent(limits);
  const database = new DatabaseRoutes({
    reads: { submit: (read) => reads.push(read) && onRead(read) },
    writes: { submit: (write) => writes.push(write) && onWrite(write) },
    bodies: new Bodies(5_000),
    unsent,
    spec: { requests },
    clock,
    log,
    meters,
    dataMissing: () => dataMissing,
    ...{ countRead, forbids: () => () => undefined, knownStatements: () => 9 },
    restoring: { attempt: undefined, refusal: () => assert.fail() },
  });
  const routes = createRoutes(
    [
      { method: "post", path: routePaths.read, handle: database.read, onOtherMethod: countRead },
      { method: "post", path: routePaths.write, handle: database.write },
      { method: "post", path: routePaths.clear, handle: database.clear },
      ...clusterRoutes({ znodes, paths, clock, spec: { requests }, broker, workers }),
    ],
    { door, log, meters, pages: (_req, _res, next) => next() },
  );
  return new ApiServer({ hot: database, rest: routes, door, unsent, bounds: patient });
}

const server = makeServer();
let origin = "";
let port = 0;

before(async () => {
  port = await server.listen(0);
  origin = `http://127.0.0.1:${port}`;
});
after(() => server.drain());
beforeEach(() => {
  reads.length = 0;
  writes.length = 0;
  counted = 0;
  fake = new FakeZnodes();
  znodes.set(fake);
  broker.connected = true;
  workers.master = "w-1";
  onRead = ({ reply }) =>
    reply.answered({ index: 0, ok: true, body: Buffer.from('[{"name":"Größe"}]'), position: 7 }, "w-2");
  onWrite = ({ reply }) =>
    reply.answered(
      { index: 0, ok: true, body: Buffer.from('{"rowsAffected":1,"position":8}'), position: 8 },
      "w-1",
    );
});

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
  call("POST", path, body, headers);

async function refusalOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string; field?: string } };
  assert.equal(typeof error.message, "string");
  return [response.status, error.code, error.field];
}

const aRead = { table: "users", where: { username: "asha" } };
const aWrite = { op: "insert", table: "users", row: { username: "asha" } };

describe("db/read and db/write", () => {
  it("answer a read with its rows, the position and the worker", async () => {
    const response = await post("/api/v1/db/read", aRead);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(response.headers.get("x-dbaas-position"), "7");
    assert.equal(response.headers.get("x-dbaas-worker"), "w-2");
    assert.deepEqual(await response.json(), [{ name: "Größe" }]);
    assert.deepEqual(reads[0]?.params, '["asha"]');
  });

  it("answer a write with its outcome", async () => {
    const response = await post("/api/v1/db/write", aWrite);
    assert.deepEqual([response.status, await response.json()], [200, { rowsAffected: 1, position: 8 }]);
    assert.equal(response.headers.get("x-dbaas-position"), "8");
    assert.deepEqual([writes[0]?.rows, writes[0]?.key], ['[["asha"]]', undefined]);
  });

  it("are refused at once, to be sent again, while acknowledged data is missing, and reads count", async () => {
    dataMissing = true;
    const before = counted;
    try {
      for (const [path, body] of [
        ["/api/v1/db/read", aRead],
        ["/api/v1/db/write", aWrite],
        ["/api/v1/db/clear", undefined],
      ] as const) {
        const response = await post(path, body);
        assert.equal(response.headers.get("retry-after"), "1");
        assert.deepEqual(await refusalOf(response), [503, "unavailable", undefined]);
      }
    } finally {
      dataMissing = false;
    }
    assert.deepEqual([reads.length, writes.length, counted - before], [0, 0, 1]);
  });

  it("pass large answers on as they are", async () => {
    const body = Buffer.from(JSON.stringify(["ä".repeat(50_000)]));
    onRead = ({ reply }) => reply.answered({ index: 0, ok: true, body, position: 7 }, "w-2");
    const response = await post("/api/v1/db/read", aRead);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  });

  it("count reads, whatever their answer, and nothing else", async () => {
    await post("/api/v1/db/read", aRead);
    await post("/api/v1/db/read", "{");
    await call("GET", "/api/v1/db/read");
    await post("/api/v1/db/read/", aRead);
    assert.equal(counted, 4);
    await post("/api/v1/db/write", aWrite);
    await post("/api/v1/db/clear");
    await call("GET", "/api/v1/worker/list");
    await call("GET", "/api/v1/db/write");
    assert.equal(counted, 4);
  });

  it("take a read's least position and a write's own key from their headers", async () => {
    await post("/api/v1/db/read", aRead, { "X-DBaaS-Min-Position": "12" });
    assert.equal(reads[0]?.minPosition, 12);
    await post("/api/v1/db/write", aWrite, { "Idempotency-Key": "k-1" });
    assert.equal(writes[0]?.key, "c:k-1");
    assert.equal(typeof writes[0]?.hash, "string");
    const badPosition = await post("/api/v1/db/read", aRead, { "X-DBaaS-Min-Position": "-1" });
    assert.deepEqual(await refusalOf(badPosition), [400, "bad_request", "X-DBaaS-Min-Position"]);
    const badKey = await post("/api/v1/db/write", aWrite, { "Idempotency-Key": "a b" });
    assert.deepEqual(await refusalOf(badKey), [400, "bad_request", "Idempotency-Key"]);
  });

  it("answer a strong read after a place in the log was had", async () => {
    await post("/api/v1/db/read", { ...aRead, consistency: "strong" });
    assert.deepEqual(writes[0]?.shape, '{"kind":"barrier"}');
    assert.equal(reads[0]?.minPosition, 8);
  });

  it("clear the data as a write", async () => {
    const response = await post("/api/v1/db/clear");
    assert.equal(response.status, 200);
    assert.deepEqual([writes[0]?.shape, writes[0]?.rows], ['{"kind":"clear"}', "[[]]"]);
  });

  it("refuse what is not JSON, too large or compressed", async () => {
    const notJson = await post("/api/v1/db/write", "{");
    assert.deepEqual(await refusalOf(notJson), [400, "bad_request", "(body)"]);
    const empty = await post("/api/v1/db/write");
    assert.deepEqual(await refusalOf(empty), [400, "bad_request", "(body)"]);
    const large = await post("/api/v1/db/write", { ...aWrite, table: "x".repeat(2_000) });
    assert.deepEqual(await refusalOf(large), [413, "too_large", "(body)"]);
    const compressed = await post("/api/v1/db/write", aWrite, { "Content-Encoding": "gzip" });
    assert.deepEqual(await refusalOf(compressed), [415, "unsupported_media_type", "Content-Encoding"]);
    const wrong = await post("/api/v1/db/read", { table: "users", wher: 1 });
    assert.deepEqual(await refusalOf(wrong), [400, "bad_request", "wher"]);
  });

  it("refuse a body that turns out too large only while it comes", async () => {
    const status = await new Promise((resolve, reject) => {
      const sending = request({ port, method: "POST", path: "/api/v1/db/write" }, (res) =>
        resolve(res.statusCode),
      );
      sending.on("error", reject);
      for (let i = 0; i < 50; i++) sending.write("x".repeat(100));
      sending.end();
    });
    assert.equal(status, 413);
  });

  const statuses: Readonly<Record<RefusalCode, number>> = {
    bad_request: 400,
    unknown_table: 400,
    unknown_column: 400,
    constraint_violation: 409,
    key_reused: 409,
    unexpected_result: 409,
    too_large: 413,
    query_timeout: 422,
    poison_request: 422,
    not_fresh: 503,
    unavailable: 503,
    storage_full: 507,
    internal: 500,
  };
  for (const [code, status] of Object.entries(statuses))
    it(`answer a worker's ${code} with ${status}`, async () => {
      const body = Buffer.from(JSON.stringify({ code, message: "why", field: "columns[0]" }));
      onRead = ({ reply }) => reply.answered({ index: 0, ok: false, body, position: 5 }, "w-2");
      const response = await post("/api/v1/db/read", aRead);
      assert.equal(response.headers.get("x-dbaas-position"), "5");
      assert.equal(response.headers.get("retry-after"), status === 503 ? "1" : null);
      assert.deepEqual(await refusalOf(response), [status, code, "columns[0]"]);
    });

  it("survive a mistake of their own", async () => {
    onRead = () => {
      throw new RangeError("a bug");
    };
    assert.deepEqual(await refusalOf(await post("/api/v1/db/read", aRead)), [500, "internal", undefined]);
    assert.deepEqual(await refusalOf(await post("/api/v1/db/read/", aRead)), [500, "internal", undefined]);
  });

  it("send a 503 of the batcher with Retry-After", async () => {
    onWrite = ({ reply }) => reply.refused({ code: "unavailable", message: "no answer in time" });
    const response = await post("/api/v1/db/write", aWrite);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.deepEqual(await refusalOf(response), [503, "unavailable", undefined]);
  });
});

describe("every route", () => {
  const allowed: Readonly<Record<string, string>> = {
    "/api/v1/db/read": "POST",
    "/api/v1/db/write": "POST",
    "/api/v1/db/clear": "POST",
    "/api/v1/crash/master": "POST",
    "/api/v1/crash/slave": "POST",
    "/api/v1/master/switchover": "POST",
    "/api/v1/db/accept-loss": "POST",
    "/api/v1/worker/list": "GET, HEAD",
    "/api/v1/status": "GET, HEAD",
    "/healthz": "GET, HEAD",
    "/readyz": "GET, HEAD",
  };
  for (const [path, allow] of Object.entries(allowed))
    it(`${path} allows ${allow} and nothing else`, async () => {
      for (const method of ["PUT", "DELETE", "PATCH", allow === "POST" ? "GET" : "POST"]) {
        const response = await call(method, path);
        assert.equal(response.headers.get("allow"), allow);
        assert.deepEqual(await refusalOf(response), [405, "method_not_allowed", undefined]);
      }
    });

  it("is known, or there is a 404", async () => {
    assert.deepEqual(await refusalOf(await call("GET", "/api/v1/nothing")), [404, "not_found", undefined]);
    assert.deepEqual(await refusalOf(await post("/", aRead)), [404, "not_found", undefined]);
  });
});

describe("the cluster's routes", () => {
  it("list the pids of all workers that have one, ascending", async () => {
    for (const [name, pid] of [
      ["w-1", 4330],
      ["w-2", 1000],
      ["w-3", 2112],
      ["w-4", null],
    ] as const)
      await fake.put(paths.worker(name), toJson({ name, pid }));
    const response = await call("GET", "/api/v1/worker/list");
    assert.deepEqual([response.status, await response.json()], [200, [1000, 2112, 4330]]);
  });

  const commands = async () => (await fake.children(paths.commands)).map((id) => `${paths.commands}/${id}`);
  async function grant(outcome: Command["outcome"]) {
    await eventually(async () => (await commands()).length === 1);
    const [path = ""] = await commands();
    const command = JSON.parse(fake.nodes.get(path)?.data ?? "") as Command;
    await fake.set(path, toJson({ ...command, outcome }));
    return command.kind;
  }

  for (const [path, kind] of [
    ["/api/v1/crash/master", "crashMaster"],
    ["/api/v1/crash/slave", "crashSlave"],
    ["/api/v1/master/switchover", "switchover"],
    ["/api/v1/db/accept-loss", "acceptLoss"],
  ] as const)
    it(`${path} leaves a command and answers the pid that the controller tells`, async () => {
      const calling = post(path);
      assert.equal(await grant({ ok: true, pid: 4330 }), kind);
      const response = await calling;
      assert.deepEqual([response.status, await response.json()], [200, [4330]]);
      assert.deepEqual(await commands(), []);
    });

  it("/api/v1/db/accept-loss names the copy that goes on, and takes nothing else for one", async () => {
    assert.deepEqual(await refusalOf(await post("/api/v1/db/accept-loss?copy=w-02")), [
      400,
      "bad_request",
      "copy",
    ]);
    const calling = post("/api/v1/db/accept-loss?copy=w-2");
    await eventually(async () => (await commands()).length === 1);
    const [path = ""] = await commands();
    assert.equal((JSON.parse(fake.nodes.get(path)?.data ?? "") as Command).copy, "w-2");
    await grant({ ok: true, pid: 4330 });
    assert.equal((await calling).status, 200);
  });

  it("answer 409 with the reason when the controller finds nothing to kill", async () => {
    const calling = post("/api/v1/crash/slave");
    await grant({ ok: false, reason: "there is no slave" });
    const response = await calling;
    const { error } = (await response.clone().json()) as { error: { message: string } };
    assert.equal(error.message, "there is no slave");
    assert.deepEqual(await refusalOf(response), [409, "conflict", undefined]);
  });

  it("take a bounded number of commands at a time", async () => {
    const calling = Array.from({ length: 20 }, () => post("/api/v1/crash/slave"));
    const refused = await Promise.any(calling);
    assert.deepEqual(await refusalOf(refused), [503, "unavailable", undefined]);
    await eventually(async () => (await commands()).length === 16);
    for (const path of await commands())
      await fake.set(path, toJson({ kind: "crashSlave", madeAtMs: 1, outcome: { ok: true, pid: 1 } }));
    const statuses = (await Promise.all(calling)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 16);
  });

  it("answer 503 when ZooKeeper is away", async () => {
    znodes.set(undefined);
    for (const response of [await call("GET", "/api/v1/worker/list"), await post("/api/v1/crash/master")])
      assert.deepEqual(await refusalOf(response), [503, "unavailable", undefined]);
  });

  it("show the status as the controller wrote it", async () => {
    assert.deepEqual(await refusalOf(await call("GET", "/api/v1/status")), [503, "unavailable", undefined]);
    await fake.put(paths.status, '{"cluster":"test"}');
    const response = await call("GET", "/api/v1/status");
    assert.deepEqual([response.status, await response.json()], [200, { cluster: "test" }]);
  });

  it("say that the process lives, and whether it can serve", async () => {
    assert.equal((await call("GET", "/healthz")).status, 200);
    assert.equal((await call("GET", "/readyz")).status, 200);
    broker.connected = false;
    workers.master = undefined;
    const response = await call("GET", "/readyz");
    const { error } = (await response.json()) as { error: { message: string } };
    assert.deepEqual([response.status, error.message], [503, "missing: the message broker, a master"]);
  });
});

describe("the server", () => {
  /** Everything the server sends until it closes. */
  const raw = (text: string, toPort = port): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = "";
      const socket = connect(toPort, "127.0.0.1", () => socket.write(text));
      socket.on("data", (chunk) => {
        received += chunk.toString();
      });
      socket.on("end", () => resolve(received));
      socket.on("error", reject);
    });

  it("answers what is not HTTP", async () => {
    const answer = await raw("nonsense\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(answer, /\{"error":\{"code":"bad_request"/);
  });

  it("answers what has come before it stops, and nothing after", async () => {
    const stopping = makeServer();
    const itsPort = await stopping.listen(0);
    let answer = (): void => assert.fail();
    onRead = (read) => {
      const ready = Buffer.from("[]");
      answer = () => read.reply.answered({ index: 0, ok: true, body: ready, position: 1 }, "w-2");
    };
    const body = JSON.stringify(aRead);
    const reading = raw(
      `POST /api/v1/db/read HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      itsPort,
    );
    await eventually(() => reads.length === 1);
    const drained = stopping.drain();
    answer();
    assert.match(await reading, /^HTTP\/1\.1 200 OK\r\n.*\[\]$/s);
    await drained;
    await assert.rejects(raw("GET /healthz HTTP/1.1\r\n\r\n", itsPort), /ECONNREFUSED/);
  });
});
