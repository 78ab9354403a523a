import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { Batcher } from "../../../api/batching/batcher.ts";
import { encodeReads, type Line } from "../../../api/batching/broker.ts";
import type { PendingRead } from "../../../api/batching/pending.ts";
import { endRequestSpan, messageSpans, requestSpan } from "../../../api/request-traces.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import type { PublishOptions } from "../../../platform/rabbitmq/port.ts";
import type { Span } from "../../../platform/telemetry/tracing.ts";
import { KeptSpan, KeptTracing } from "../../fakes/kept-tracing.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const limits = {
  batchItemsMax: 10,
  batchBytesMax: 1_000,
  messageBytesMax: 10_000,
  pendingRequestsMax: 20,
  pendingBytesMax: 10_000,
  brokerAwayMs: 1_000,
  lingerMs: 4,
};

/** A batcher with a line that keeps what it is given. */
function sending(tracing: KeptTracing | undefined, publish: () => Promise<void> = async () => undefined) {
  const sent: PublishOptions[] = [];
  const line: Line = {
    ended: new AbortController().signal,
    blocked: false,
    publish: (_, options) => {
      sent.push(options);
      return publish();
    },
  };
  const batcher = new Batcher<PendingRead>({
    idPrefix: "r",
    encode: encodeReads,
    messagesInFlight: () => 2,
    changesNothing: true,
    limits,
    clock: { ...systemClock, now: () => 0, monotonicMs: () => 0 },
    spanOf: tracing && messageSpans(tracing, "readQ"),
  });
  batcher.connect(line);
  const submit = (span?: Span) =>
    batcher.submit({
      shape: '{"kind":"count","table":"t"}',
      params: "[]",
      deadlineAtMs: 10_000,
      deadlineMs: 10_000,
      bytes: 10,
      reply: { answered: () => undefined, refused: () => undefined, span },
    });
  return { sent, submit };
}

const span = (traceparent: string) =>
  new KeptSpan(traceparent, [], { name: "POST", kind: "server", attributes: {} });

describe("the span of a message", () => {
  it("is not there while traces are off, nor its header", async () => {
    const { sent, submit } = sending(undefined);
    submit();
    await turn();
    assert.equal(sent.length, 1);
    assert.equal("traceparent" in (sent[0] ?? {}), false);
  });

  it("follows from a lone request, and travels in its message", async () => {
    const tracing = new KeptTracing();
    const { sent, submit } = sending(tracing);
    const request = span("request");
    submit(request);
    await turn();
    const message = tracing.named("publish readQ");
    assert.deepEqual(message.causes, ["request"]);
    assert.equal(sent[0]?.traceparent, message.traceparent);
    assert.equal(message.attributes["messaging.batch.message_count"], 1);
    assert.deepEqual(request.links, []);
    assert.equal(message.ended, true);
  });

  it("follows from every recorded request of a batch, and each of them points to it", async () => {
    const tracing = new KeptTracing();
    const { sent, submit } = sending(tracing);
    const requests = [span("one"), undefined, span("two")];
    for (const request of requests) submit(request);
    await turn();
    const message = tracing.named("publish readQ");
    assert.equal(sent.length, 1);
    assert.deepEqual(message.causes, ["one", "two"]);
    assert.equal(message.attributes["messaging.batch.message_count"], 3);
    for (const request of requests)
      assert.deepEqual(request?.links ?? [message.traceparent], [message.traceparent]);
  });

  it("is not there for requests that are not recorded", async () => {
    const tracing = new KeptTracing();
    const { sent, submit } = sending(tracing);
    submit();
    await turn();
    assert.deepEqual(tracing.spans, []);
    assert.equal("traceparent" in (sent[0] ?? {}), false);
  });

  it("says when the queue did not take the message", async () => {
    const tracing = new KeptTracing();
    const { submit } = sending(tracing, () => Promise.reject(new Error("refused")));
    submit(span("request"));
    await turn();
    assert.equal(tracing.named("publish readQ").failure, "refused");
  });
});

describe("the span of a request", () => {
  const exchange = (headers: Record<string, string> = {}) => ({
    req: { headers, socket: {} } as unknown as IncomingMessage,
    res: new EventEmitter() as unknown as ServerResponse,
  });

  it("goes on with the client's trace", () => {
    const tracing = new KeptTracing();
    const { req, res } = exchange({ traceparent: "client" });
    requestSpan(tracing, "/api/v1/db/read", req, res);
    const request = tracing.named("POST /api/v1/db/read");
    assert.deepEqual(request.causes, ["client"]);
    assert.equal(request.attributes["http.route"], "/api/v1/db/read");
  });

  it("ends as failed where the API failed, not where the client did", () => {
    const [bad, broken] = [span("bad"), span("broken")];
    endRequestSpan(bad, 400);
    endRequestSpan(broken, 503);
    assert.deepEqual([bad.failure, bad.attributes["http.response.status_code"]], [undefined, 400]);
    assert.deepEqual([broken.failure, broken.attributes["error.type"]], ["answered with 503", "503"]);
  });

  it("ends when the client goes away before its answer", () => {
    const tracing = new KeptTracing();
    const { req, res } = exchange();
    requestSpan(tracing, "/api/v1/db/read", req, res);
    res.emit("close");
    assert.equal(tracing.spans[0]?.failure, "the client went away");
  });

  it("is not there when the sampler leaves it out", () => {
    const tracing = new KeptTracing();
    tracing.unrecorded = true;
    const { req, res } = exchange();
    assert.equal(requestSpan(tracing, "/api/v1/db/read", req, res), undefined);
    assert.equal(res.listenerCount("close"), 0);
  });
});
