// What an attacker would do with the connection itself: bodies without end, requests that come byte by byte, headers that
// mean two things. The real server, with shorter limits where time is what counts.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import fc from "fast-check";
import { paths } from "../../../api/http/routes.ts";
import { limits } from "../../../api/limits.ts";
import { jsonFrom } from "../../../api/requests/json-body.ts";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { runs } from "../../support/runs.ts";
import { TestServer } from "../api/test-server.ts";
import { Dribble, type Dribbled, endless } from "./dribble.ts";

const server = new TestServer();
/** For what is to be cut off, and nothing else: where this process stands still for a moment, it cuts off everything. */
const impatient = new TestServer(undefined, {
  headersWithinMs: 200,
  requestWithinMs: 400,
  slowClientsCheckedEveryMs: 50,
});
const forgetful = new TestServer(undefined, { keepAliveMs: 300 });
const servers = [server, impatient, forgetful];
before(() => Promise.all(servers.map((one) => one.start())));
after(() => Promise.all(servers.map((one) => one.stop())));
beforeEach(() => {
  server.reads.length = 0;
  server.writes.length = 0;
});

const write = '{"op":"insert","table":"users","row":{"username":"smuggled"}}';
const crlf = (...lines: readonly string[]) => lines.join("\r\n");
const answersIn = (received: string) => received.match(/HTTP\/1\.1 \d{3}/g) ?? [];
const isAlive = async (which: TestServer) => (await which.call("GET", "/healthz")).status === 200;

describe("a request that means two things", () => {
  const head = "POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\n";
  const hidden = `POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\nContent-Length: ${write.length}\r\n\r\n${write}`;
  const chunked = `${write.length.toString(16)}\r\n${write}\r\n0\r\n\r\n`;
  const attempts: Readonly<Record<string, string>> = {
    "length and chunks": `${head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    "chunks and length": `${head}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${hidden}`,
    "two lengths": `${head}Content-Length: 4\r\nContent-Length: ${write.length}\r\n\r\n${write}`,
    "lengths in a list": `${head}Content-Length: 4, ${write.length}\r\n\r\n${write}`,
    "a length with a sign": `${head}Content-Length: +${write.length}\r\n\r\n${write}`,
    "a length in hex": `${head}Content-Length: 0x20\r\n\r\n${write}`,
    "a negative length": `${head}Content-Length: -1\r\n\r\n${write}`,
    "a length without end": `${head}Content-Length: 99999999999999999999999\r\n\r\n${write}`,
    "a coding nobody knows": `${head}Transfer-Encoding: xchunked\r\n\r\n${chunked}`,
    "chunks, but not last": `${head}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`,
    "a space before the colon": `${head}Transfer-Encoding : chunked\r\n\r\n${chunked}`,
    "a folded header": `${head}X: a\r\n Transfer-Encoding: chunked\r\n\r\n${chunked}`,
    "a chunk's size that overflows": `${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n${write}\r\n0\r\n\r\n`,
    "a chunk's size with a sign": `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n${write}\r\n0\r\n\r\n`,
    "a null in a header": `${head}X: a\0b\r\nContent-Length: ${write.length}\r\n\r\n${write}`,
    "a version of its own": `POST /api/v1/db/write HTTP/9.9\r\nHost: x\r\nContent-Length: ${write.length}\r\n\r\n${write}`,
    "another protocol": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a path with a space": `POST /api/v1/db/write x HTTP/1.1\r\nHost: x\r\nContent-Length: ${write.length}\r\n\r\n${write}`,
  };
  for (const [what, text] of Object.entries(attempts))
    it(`is refused once and the connection ends: ${what}`, async () => {
      const received = await server.raw(text);
      assert.deepEqual(answersIn(received), ["HTTP/1.1 400"], received);
      assert.match(received, /Connection: close/);
      assert.equal(server.writes.length, 0);
    });

  it("is two requests when it says so, each of which is answered", async () => {
    const one = `${head}Content-Length: ${write.length}\r\n\r\n${write}`;
    const last = one.replace("Host: x", "Host: x\r\nConnection: close");
    assert.deepEqual(answersIn(await server.raw(one + last)), ["HTTP/1.1 200", "HTTP/1.1 200"]);
    assert.equal(server.writes.length, 2);
  });

  it("never reaches a route under another's name by its headers", async () => {
    for (const header of [
      "X-HTTP-Method-Override: POST",
      "X-Original-URL: /api/v1/db/clear",
      "X-Rewrite-URL: /api/v1/db/clear",
    ]) {
      const received = await server.raw(
        crlf("GET /healthz HTTP/1.1", "Host: x", "Connection: close", header, "", ""),
      );
      assert.deepEqual(answersIn(received), ["HTTP/1.1 200"]);
    }
    assert.equal(server.writes.length, 0);
  });
});

describe("a request for the head alone", () => {
  it("is answered at once on every route, whatever it accepts", async () => {
    for (const path of [...Object.values(paths), "/", "/nothing"])
      for (const accept of ["*/*", "text/event-stream"]) {
        const answer = await server.call("HEAD", path, { headers: { Accept: accept } });
        assert.equal(answer.text, "", path);
      }
  });

  it("takes nothing from those who ask for the whole", async () => {
    const headers = { Accept: "text/event-stream" };
    await Promise.all(Array.from({ length: 100 }, () => server.call("HEAD", paths.events, { headers })));
    assert.equal(server.listeners, 0);
  });
});

describe("a time limit of the manifest", () => {
  it("is shorter than the time after which a silent connection is cut, however long it is", () => {
    const { spec } = parseManifest(
      `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: { requests: { timeout: 5m } }`,
    );
    assert.ok(limits.idleSocketMs > spec.requests.timeoutMs);
    assert.throws(() =>
      parseManifest(
        `apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\nspec: { requests: { timeout: 301s } }`,
      ),
    );
  });
});

describe("too much", () => {
  it("of header fields is refused", async () => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1`);
    const ask = (count: number) =>
      server.raw(crlf("GET /healthz HTTP/1.1", "Host: x", "Connection: close", ...fields(count), "", ""));
    assert.deepEqual(answersIn(await ask(98)), ["HTTP/1.1 200"]);
    assert.deepEqual(answersIn(await ask(99)), ["HTTP/1.1 431"]);
    assert.deepEqual(answersIn(await ask(2_500)), ["HTTP/1.1 431"]);
  });

  it("of chunks in a body leaves time for others", async () => {
    const crumbs = `${"1\r\nx\r\n".repeat(60_000)}0\r\n\r\n`;
    const last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (const path of [paths.write, paths.clear]) {
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
      let over = false;
      const sending = Promise.all([0, 1, 2, 3].map(() => server.raw(`${head}${crumbs}${last}`))).finally(
        () => {
          over = true;
        },
      );
      let served = 0;
      for (; !over; served++) assert.ok(await isAlive(server));
      for (const received of await sending) assert.equal(answersIn(received).length, 2, path);
      // About one for each piece of what was read; one or two when all of it is read at once.
      assert.ok(served > 5, `${path}: ${served}`);
    }
  });

  it("of requests before their answers ends the connection, and no other", async () => {
    const one = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const last = one.replace("Host: x", "Host: x\r\nConnection: close");
    assert.equal(answersIn(await server.raw(one.repeat(100) + last)).length, 101);
    assert.ok(answersIn(await server.raw(one.repeat(1_000) + last)).length < 1_000);
    assert.ok(await isAlive(server));
  });

  it("of headers is refused", async () => {
    const received = await server.raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`);
    assert.deepEqual(answersIn(received), ["HTTP/1.1 431"]);
    const many = Array.from({ length: 3_000 }, (_, i) => `X-${i}: y`);
    const answer = await server.raw(crlf("GET /healthz HTTP/1.1", "Host: x", ...many, "", ""));
    assert.deepEqual(answersIn(answer), ["HTTP/1.1 431"]);
    assert.ok(await isAlive(server));
  });

  it("of a body is refused by what it says of itself, before it comes", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n{");
    const first = await new Promise<string>((resolve) =>
      socket.once("data", (chunk) => resolve(chunk.toString())),
    );
    assert.match(first, /^HTTP\/1\.1 413 /);
    socket.destroy();
  });

  const head = "POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const bodyWithoutEnd = () => endless(head, `800\r\n${"x".repeat(2_048)}\r\n`);

  it("of a body without end is refused", async () => {
    const sending = new Dribble(server, bodyWithoutEnd(), 5);
    await sending.answered;
    const { received } = await sending.stop();
    assert.match(received, /^HTTP\/1\.1 413 /);
    assert.equal(server.writes.length, 0);
  });

  it("of a body without end does not let the connection live on", async () => {
    const { received, afterMs, readBytes } = await new Dribble(impatient, bodyWithoutEnd(), 5).ended;
    if (readBytes !== 0) assert.match(received, /^HTTP\/1\.1 4(13|08) /);
    assert.ok(afterMs < 30_000, `${afterMs} ms`);
    assert.equal(impatient.writes.length, 0);
  });

  it("of nesting is refused or taken, and breaks nothing", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
      ['{"where":[', "]}"],
    ] as const) {
      const depth = Math.floor(500_000 / open.length);
      const body = Buffer.from(`{"table":"t","where":${open.repeat(depth)}1${close.repeat(depth)}}`);
      for (const parse of [parseRead, parseWrite])
        assert.throws(
          () => parse(jsonFrom(body)),
          (error) => error instanceof Refusal && error.code === "bad_request",
          open,
        );
    }
    const text = Buffer.from(JSON.stringify({ table: "t", where: `${"(".repeat(400_000)}a=1` }));
    assert.throws(() => parseRead(jsonFrom(text)), Refusal);
    const nots = Buffer.from(JSON.stringify({ table: "t", where: `${"NOT ".repeat(200_000)}a=1` }));
    assert.throws(() => parseRead(jsonFrom(nots)), Refusal);
  });
});

describe("too slow", () => {
  /** A connection of which nothing was read is closed without a word, as one on which nothing is asked. */
  const assertCutOff = ({ received, afterMs, readBytes }: Dribbled): void => {
    assert.notEqual(readBytes, undefined);
    assert.deepEqual(answersIn(received), readBytes === 0 ? [] : ["HTTP/1.1 408"]);
    assert.ok(afterMs < 30_000, `${afterMs} ms`);
  };

  it("headers that come byte by byte are cut off", async () => {
    assertCutOff(
      await new Dribble(impatient, endless("GET /healthz HTTP/1.1\r\nHost: x\r\n", "X"), 20).ended,
    );
  });

  it("a body that comes byte by byte is cut off", async () => {
    const start = "POST /api/v1/db/write HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
    assertCutOff(await new Dribble(impatient, endless(start, " "), 20).ended);
  });

  it("a connection on which nothing is asked is closed", async () => {
    const silent = await new Dribble(impatient, [], 1_000).ended;
    assert.equal(silent.received, "");
    assert.ok(silent.afterMs < 30_000, `${silent.afterMs} ms`);
    const served = await new Dribble(forgetful, ["GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], 10).ended;
    assert.deepEqual(answersIn(served.received), ["HTTP/1.1 200"]);
    assert.ok(served.afterMs < 30_000, `${served.afterMs} ms`);
  });

  const hundreds = (to: TestServer) =>
    Array.from({ length: 300 }, () => new Dribble(to, endless("GET /", "x"), 100));

  it("hundreds of such connections keep nobody else out", async () => {
    const slow = hundreds(server);
    do assert.ok(await isAlive(server));
    while (slow.some(({ readBytes = 0 }) => readBytes === 0));
    for (let i = 0; i < 5; i++) assert.ok(await isAlive(server));
    for (const one of slow) assert.equal((await one.stop()).received, "");
  });

  it("hundreds of such connections are cut off, each of them", async () => {
    for (const one of hundreds(impatient)) assertCutOff(await one.ended);
  });
});

describe("nonsense", () => {
  it("of any bytes leaves the server alive", () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        await new Promise<void>((resolve) => {
          const socket = connect(server.port, "127.0.0.1", () => socket.end(bytes));
          socket.on("error", () => undefined).on("close", () => resolve());
          socket.resume();
        });
        assert.ok(await isAlive(server));
      }),
      { numRuns: runs(100) },
    ));

  it("in path, method, headers and body is refused as the client's fault, never as the server's", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND"),
        fc.constantFrom(
          "/api/v1/db/read",
          "/api/v1/db/write",
          "/api/v1/db/read/",
          "/api/v1/events",
          "/docs",
          "/x",
        ),
        fc.string({ unit: fc.constantFrom(..."/.%?#&=;@:[]{}\\|^~!$'()*+,-_abz09"), maxLength: 20 }),
        fc.oneof(fc.json(), fc.string()),
        async (method, path, more, body) => {
          const takesBody = !["GET", "HEAD", "OPTIONS", "TRACE"].includes(method);
          const { status } = await server.call(method, path + more, takesBody ? { body } : {});
          assert.ok(status < 500 || status === 503, `${method} ${path}${more}: ${status}`);
        },
      ),
      { numRuns: runs(400) },
    ));
});
