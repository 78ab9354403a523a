import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../fake-znodes.ts";
import { TestServer } from "../test-server.ts";
import { aRead, asking, refusalOf } from "./asking.ts";

const server = new TestServer();
const { call, post } = asking(server);
before(() => server.start());
after(() => server.stop());

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

describe("the server", () => {
  it("answers what is not HTTP", async () => {
    const answer = await server.raw("nonsense\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(answer, /\{"error":\{"code":"bad_request"/);
  });

  it("answers what has come before it stops, and nothing after", async () => {
    const stopping = new TestServer();
    await stopping.start();
    let answer = (): void => assert.fail();
    stopping.onRead = (read) => {
      const ready = Buffer.from("[]");
      answer = () => read.reply.answered({ index: 0, ok: true, body: ready, position: 1 }, "w-2");
    };
    const body = JSON.stringify(aRead);
    const reading = stopping.raw(
      `POST /api/v1/db/read HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually(() => stopping.reads.length === 1);
    const drained = stopping.stop();
    answer();
    assert.match(await reading, /^HTTP\/1\.1 200 OK\r\n.*\[\]$/s);
    await drained;
    await assert.rejects(stopping.raw("GET /healthz HTTP/1.1\r\n\r\n"), /ECONNREFUSED/);
  });
});
