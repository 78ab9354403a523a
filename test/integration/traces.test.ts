// A client's trace on its way through the real system: HTTP, the queue, a worker, the commit, the log, the other copies.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { CollectedSpan } from "../support/collector.ts";
import { clientTrace, TracedWorld } from "./traced-world.ts";
import { found, notYet, until } from "./until.ts";

const read = "/api/v1/db/read";
const write = "/api/v1/db/write";
const insert = (name: string) => ({ op: "insert", table: "people", rows: [{ name }] });
const find = (name: string) => ({ table: "people", where: { name } });

/** Each is the next one's parent. */
function assertChain(spans: readonly CollectedSpan[], parentSpanId: string): void {
  const chain = spans.map(({ name, parentSpanId: parent }) => ({ name, parent }));
  const expected = spans.map(({ name }, i) => ({
    name,
    parent: i === 0 ? parentSpanId : spans[i - 1]?.spanId,
  }));
  assert.deepEqual(chain, expected);
}

const standing = (span: CollectedSpan | undefined, ...names: readonly string[]) =>
  names.map((name) => span?.attributes[name]);

describe("traces", () => {
  let world: TracedWorld;
  before(async () => {
    world = await TracedWorld.open();
  });
  after(() => world.close());

  it("a lone write is one trace from its client to every copy", async () => {
    const client = clientTrace();
    assert.equal(await world.post(write, insert("ann"), client.traceparent), 200);
    const spans = await world.collected(client.traceId, [
      `POST ${write}`,
      "publish writeQ",
      "process writeQ",
      "commit",
      "publish syncQ",
      "apply syncQ",
    ]);
    assertChain(spans, client.spanId);
    assert.deepEqual(
      spans.map(({ kind, service, instance }) => `${kind} of ${service} ${instance}`),
      [
        "server of dbaas-api api-1",
        "producer of dbaas-api api-1",
        "consumer of dbaas-worker w-1",
        "internal of dbaas-worker w-1",
        "producer of dbaas-worker w-1",
        "consumer of dbaas-worker w-2",
      ],
    );
    assert.deepEqual(
      spans.map(({ failure }) => failure),
      spans.map(() => undefined),
    );
    const [request, message, , commit, , apply] = spans;
    const position = request?.attributes["dbaas.position"];
    assert.equal(typeof position, "number");
    assert.deepEqual(
      standing(request, "http.request.method", "http.route", "http.response.status_code", "dbaas.worker"),
      ["POST", write, 200, "w-1"],
    );
    assert.deepEqual(
      standing(message, "messaging.system", "messaging.destination.name", "messaging.batch.message_count"),
      ["rabbitmq", "writeQ", 1],
    );
    const { epoch } = (await world.workers.master()) ?? { epoch: 0 };
    assert.deepEqual(standing(commit, "dbaas.position", "dbaas.epoch", "dbaas.requests", "dbaas.rows"), [
      position,
      epoch,
      1,
      1,
    ]);
    assert.equal(apply?.attributes["dbaas.position"], position);
  });

  it("a read is one trace from its client to the slave that answers it", async () => {
    const client = clientTrace();
    assert.equal(await world.post(read, find("ann"), client.traceparent), 200);
    const spans = await world.collected(client.traceId, [`POST ${read}`, "publish readQ", "process readQ"]);
    assertChain(spans, client.spanId);
    assert.equal(spans[0]?.attributes["dbaas.worker"], "w-2");
    assert.equal(spans[2]?.instance, "w-2");
  });

  it("a strong read shows the place it takes in the log, and the read behind it", async () => {
    const client = clientTrace();
    const strong = { ...find("ann"), consistency: "strong" };
    assert.equal(await world.post(read, strong, client.traceparent), 200);
    const [request, barrier, message] = await world.collected(client.traceId, [
      `POST ${read}`,
      "publish writeQ",
      "publish readQ",
      "commit",
      "process readQ",
    ]);
    assert.equal(barrier?.parentSpanId, request?.spanId);
    assert.equal(message?.parentSpanId, request?.spanId);
  });

  it("requests that travel together are linked to their message, and it to each of them", async () => {
    const clients = [clientTrace(), clientTrace(), clientTrace(false), clientTrace()];
    await world.postTogether(
      write,
      clients.map(({ traceparent }, i) => ({ body: insert(`together ${i}`), traceparent })),
    );
    const recorded = clients.filter(({ traceparent }) => traceparent.endsWith("01"));
    const requests: CollectedSpan[] = [];
    for (const { traceId } of recorded) requests.push(...(await world.collected(traceId, [`POST ${write}`])));
    const message = await until("their message", 30_000, async () => {
      const ids = requests.map(({ spanId }) => spanId);
      const one = world.collector.spans.find(
        ({ name, links }) => name === "publish writeQ" && ids.every((id) => links.includes(id)),
      );
      return one === undefined ? notYet(world.collector.spans.slice(-10)) : found(one);
    });
    assert.equal(message.parentSpanId, "");
    assert.equal(message.links.length, recorded.length);
    assert.equal(message.attributes["messaging.batch.message_count"], clients.length);
    for (const request of requests) assert.deepEqual(request.links, [message.spanId]);
    const [, commit] = await world.collected(message.traceId, ["process writeQ", "commit"]);
    assert.deepEqual(standing(commit, "dbaas.requests", "dbaas.rows"), [clients.length, clients.length]);
  });

  it("what the client does not record is not recorded on its way either", async () => {
    const [unrecorded, recorded] = [clientTrace(false), clientTrace()];
    assert.equal(await world.post(write, insert("unseen"), unrecorded.traceparent), 200);
    assert.equal(await world.post(write, insert("seen"), recorded.traceparent), 200);
    await world.collected(recorded.traceId, [`POST ${write}`, "commit", "apply syncQ"]);
    assert.deepEqual(
      world.collector.spans.filter(({ traceId }) => traceId === unrecorded.traceId),
      [],
    );
  });

  it("a refused request is a trace that says so", async () => {
    const client = clientTrace();
    assert.equal(await world.post(read, { table: "nothing" }, client.traceparent), 400);
    const [request] = await world.collected(client.traceId, [`POST ${read}`]);
    assert.equal(request?.attributes["http.response.status_code"], 400);
    assert.equal(request?.failure, undefined);
  });

  it("requests go on as before when the collector is gone", async () => {
    await world.collector.stop();
    for (let i = 0; i < 20; i++) {
      assert.equal(await world.post(write, insert(`alone ${i}`), clientTrace().traceparent), 200);
      assert.equal(await world.post(read, find("ann"), clientTrace().traceparent), 200);
    }
  });
});
