import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import type { RefusalCode } from "../../../../core/errors.ts";
import { TestServer } from "../test-server.ts";
import { aRead, asking, aWrite, refusalOf } from "./asking.ts";

const server = new TestServer();
const { call, post } = asking(server);
before(() => server.start());
after(() => server.stop());
beforeEach(() => {
  server.reads.length = 0;
  server.writes.length = 0;
  server.counted = 0;
  server.onRead = ({ reply }) =>
    reply.answered({ index: 0, ok: true, body: Buffer.from('[{"name":"Größe"}]'), position: 7 }, "w-2");
  server.onWrite = ({ reply }) =>
    reply.answered(
      { index: 0, ok: true, body: Buffer.from('{"rowsAffected":1,"position":8}'), position: 8 },
      "w-1",
    );
});

describe("db/read and db/write", () => {
  it("answer a read with its rows, the position and the worker", async () => {
    const response = await post("/api/v1/db/read", aRead);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    assert.equal(response.headers.get("x-dbaas-position"), "7");
    assert.equal(response.headers.get("x-dbaas-worker"), "w-2");
    assert.deepEqual(await response.json(), [{ name: "Größe" }]);
    assert.deepEqual(server.reads[0]?.params, '["asha"]');
  });

  it("answer a write with its outcome", async () => {
    const response = await post("/api/v1/db/write", aWrite);
    assert.deepEqual([response.status, await response.json()], [200, { rowsAffected: 1, position: 8 }]);
    assert.equal(response.headers.get("x-dbaas-position"), "8");
    assert.deepEqual([server.writes[0]?.rows, server.writes[0]?.key], ['[["asha"]]', undefined]);
  });

  it("are refused at once, to be sent again, while acknowledged data is missing, and reads count", async () => {
    server.dataMissing = true;
    const before = server.counted;
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
      server.dataMissing = false;
    }
    assert.deepEqual([server.reads.length, server.writes.length, server.counted - before], [0, 0, 1]);
  });

  it("pass large answers on as they are", async () => {
    const body = Buffer.from(JSON.stringify(["ä".repeat(50_000)]));
    server.onRead = ({ reply }) => reply.answered({ index: 0, ok: true, body, position: 7 }, "w-2");
    const response = await post("/api/v1/db/read", aRead);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  });

  it("count reads, whatever their answer, and nothing else", async () => {
    await post("/api/v1/db/read", aRead);
    await post("/api/v1/db/read", "{");
    await call("GET", "/api/v1/db/read");
    await post("/api/v1/db/read/", aRead);
    assert.equal(server.counted, 4);
    await post("/api/v1/db/write", aWrite);
    await post("/api/v1/db/clear");
    await call("GET", "/api/v1/worker/list");
    await call("GET", "/api/v1/db/write");
    assert.equal(server.counted, 4);
  });

  it("take a read's least position and a write's own key from their headers", async () => {
    await post("/api/v1/db/read", aRead, { "X-DBaaS-Min-Position": "12" });
    assert.equal(server.reads[0]?.minPosition, 12);
    await post("/api/v1/db/write", aWrite, { "Idempotency-Key": "k-1" });
    assert.equal(server.writes[0]?.key, "c:k-1");
    assert.equal(typeof server.writes[0]?.hash, "string");
    const badPosition = await post("/api/v1/db/read", aRead, { "X-DBaaS-Min-Position": "-1" });
    assert.deepEqual(await refusalOf(badPosition), [400, "bad_request", "X-DBaaS-Min-Position"]);
    const badKey = await post("/api/v1/db/write", aWrite, { "Idempotency-Key": "a b" });
    assert.deepEqual(await refusalOf(badKey), [400, "bad_request", "Idempotency-Key"]);
  });

  it("answer a strong read after a place in the log was had", async () => {
    await post("/api/v1/db/read", { ...aRead, consistency: "strong" });
    assert.deepEqual(server.writes[0]?.shape, '{"kind":"barrier"}');
    assert.equal(server.reads[0]?.minPosition, 8);
  });

  it("clear the data as a write", async () => {
    const response = await post("/api/v1/db/clear");
    assert.equal(response.status, 200);
    assert.deepEqual([server.writes[0]?.shape, server.writes[0]?.rows], ['{"kind":"clear"}', "[[]]"]);
  });

  it("refuse what is not JSON, too large or compressed", async () => {
    const notJson = await post("/api/v1/db/write", "{");
    assert.deepEqual(await refusalOf(notJson), [400, "bad_request", "(body)"]);
    const empty = await post("/api/v1/db/write");
    assert.deepEqual(await refusalOf(empty), [400, "bad_request", "(body)"]);
    const large = await post("/api/v1/db/write", { ...aWrite, table: "x".repeat(20_000) });
    assert.deepEqual(await refusalOf(large), [413, "too_large", "(body)"]);
    const compressed = await post("/api/v1/db/write", aWrite, { "Content-Encoding": "gzip" });
    assert.deepEqual(await refusalOf(compressed), [415, "unsupported_media_type", "Content-Encoding"]);
    const wrong = await post("/api/v1/db/read", { table: "users", wher: 1 });
    assert.deepEqual(await refusalOf(wrong), [400, "bad_request", "wher"]);
  });

  it("refuse a body that turns out too large only while it comes", async () => {
    const status = await new Promise((resolve, reject) => {
      const sending = request({ port: server.port, method: "POST", path: "/api/v1/db/write" }, (res) =>
        resolve(res.statusCode),
      );
      sending.on("error", reject);
      for (let i = 0; i < 200; i++) sending.write("x".repeat(100));
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
      server.onRead = ({ reply }) => reply.answered({ index: 0, ok: false, body, position: 5 }, "w-2");
      const response = await post("/api/v1/db/read", aRead);
      assert.equal(response.headers.get("x-dbaas-position"), "5");
      assert.equal(response.headers.get("retry-after"), status === 503 ? "1" : null);
      assert.deepEqual(await refusalOf(response), [status, code, "columns[0]"]);
    });

  it("survive a mistake of their own", async () => {
    server.onRead = () => {
      throw new RangeError("a bug");
    };
    assert.deepEqual(await refusalOf(await post("/api/v1/db/read", aRead)), [500, "internal", undefined]);
    assert.deepEqual(await refusalOf(await post("/api/v1/db/read/", aRead)), [500, "internal", undefined]);
  });

  it("send a 503 of the batcher with Retry-After", async () => {
    server.onWrite = ({ reply }) => reply.refused({ code: "unavailable", message: "no answer in time" });
    const response = await post("/api/v1/db/write", aWrite);
    assert.equal(response.headers.get("retry-after"), "1");
    assert.deepEqual(await refusalOf(response), [503, "unavailable", undefined]);
  });
});
