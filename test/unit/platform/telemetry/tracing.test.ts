import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { afterEach, beforeEach, describe, it } from "node:test";
import { sleep } from "../../../../platform/process/waiting.ts";
import type { Log } from "../../../../platform/telemetry/log.ts";
import { openTracing } from "../../../../platform/telemetry/open-tracing.ts";
import { type SendingLimits, sendingLimits, type Tracing } from "../../../../platform/telemetry/tracing.ts";
import { Collector } from "../../../support/collector.ts";

const program = { program: "api", instance: "api-0", cluster: "dbaas" };
const [client, other] = ["a", "b"].map((digit) => ({
  traceId: digit.repeat(32),
  spanId: digit.repeat(16),
  traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01`,
})) as [Client, Client];
const start = { name: "work", kind: "internal", attributes: { "dbaas.rows": 3 } } as const;

interface Client {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
}

class KeptLog {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  info = () => undefined;
  warn = ({ reason }: { readonly reason: string }) => void this.warnings.push(reason);
  error = ({ reason }: { readonly reason: string }) => void this.errors.push(reason);
  asLog = () => this as unknown as Log;
}

/** Once tracing is closed, the collector has all that was sent, however slow this process is. */
const patient: SendingLimits = { exportWithinMs: 300_000, closeWithinMs: 300_000 };

const loaded: string[] = [];
registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    loaded.push(resolved.url);
    return resolved;
  },
});
const sdkIsLoaded = () => loaded.some((url) => url.includes("@opentelemetry/sdk-trace/"));

describe("tracing that is off", () => {
  // The first test of this file: what is loaded stays loaded.
  it("is not there at all, and the SDK is not loaded", async () => {
    assert.equal(await openTracing({}, program, new KeptLog().asLog()), undefined);
    assert.equal(sdkIsLoaded(), false);
  });

  it("stays off where the environment makes no sense, and says why", async () => {
    const log = new KeptLog();
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" };
    assert.equal(await openTracing(environment, program, log.asLog()), undefined);
    assert.equal(sdkIsLoaded(), true);
    assert.deepEqual(log.errors, ["OTEL_EXPORTER_OTLP_ENDPOINT is not a URL with http: or https:"]);
  });
});

describe("tracing", () => {
  let collector: Collector;
  let log: KeptLog;
  const opened: Tracing[] = [];
  const open = async (
    environment: Record<string, string> = {},
    sending: SendingLimits = patient,
  ): Promise<Tracing> => {
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...environment };
    const tracing = await openTracing(on, program, log.asLog(), sending);
    assert.ok(tracing !== undefined);
    opened.push(tracing);
    return tracing;
  };
  beforeEach(async () => {
    log = new KeptLog();
    collector = await Collector.start();
  });
  afterEach(async () => {
    for (const tracing of opened.splice(0)) await tracing.close();
    await collector.stop().catch(() => undefined);
  });

  it("goes on with a client's trace, and gives the text by which others go on with it", async () => {
    const tracing = await open({
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=7",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
    });
    const span = tracing.enter({ ...start, kind: "server", traceparent: client.traceparent });
    assert.ok(span !== undefined);
    span.end();
    await tracing.close();
    const [sent] = collector.spans;
    assert.equal(span.traceparent, `00-${client.traceId}-${sent?.spanId}-01`);
    assert.deepEqual(
      [sent?.traceId, sent?.parentSpanId, sent?.name, sent?.kind, sent?.service, sent?.attributes],
      [client.traceId, client.spanId, "work", "server", "dbaas-api", { "dbaas.rows": 3 }],
    );
    assert.equal(collector.headers[0]?.["x-tenant"], "7");
  });

  it("begins a trace where there is none, or nothing that is one", async () => {
    const tracing = await open();
    for (const traceparent of [
      undefined,
      "",
      "nonsense",
      `ff-${"a".repeat(32)}-${"a".repeat(16)}-01`,
      `00-${"0".repeat(32)}-${"a".repeat(16)}-01`,
      `00-${"a".repeat(32)}-${"a".repeat(16)}-01-more`,
    ])
      tracing.enter({ ...start, traceparent })?.end();
    await tracing.close();
    assert.equal(collector.spans.length, 6);
    assert.equal(new Set(collector.spans.map(({ traceId }) => traceId)).size, 6);
    assert.ok(collector.spans.every(({ parentSpanId }) => parentSpanId === ""));
  });

  it("records no trace that its client does not record", async () => {
    const tracing = await open();
    assert.equal(
      tracing.enter({ ...start, traceparent: client.traceparent.replace(/01$/, "00") }),
      undefined,
    );
  });

  it("records the share of traces that the sampler names, and all of a recorded one", async () => {
    const tracing = await open({
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0",
    });
    assert.equal(tracing.enter(start), undefined);
    assert.ok(tracing.enter({ ...start, traceparent: client.traceparent }) !== undefined);
    assert.ok(tracing.follow([client.traceparent, other.traceparent], start) !== undefined);
  });

  it("makes what follows from one span its child", async () => {
    const tracing = await open();
    tracing.follow([client.traceparent], start)?.end();
    await tracing.close();
    const [sent] = collector.spans;
    assert.deepEqual([sent?.traceId, sent?.parentSpanId, sent?.links], [client.traceId, client.spanId, []]);
  });

  it("makes what follows from several a trace of its own, linked to each", async () => {
    const tracing = await open();
    tracing.follow([client.traceparent, other.traceparent], start)?.end();
    await tracing.close();
    const [sent] = collector.spans;
    assert.deepEqual([sent?.parentSpanId, sent?.links], ["", [client.spanId, other.spanId]]);
    assert.notEqual(sent?.traceId, client.traceId);
  });

  it("makes nothing of nothing", async () => {
    const tracing = await open();
    assert.equal(tracing.follow([], start), undefined);
    assert.equal(tracing.follow(["nonsense", client.traceparent.replace(/01$/, "00")], start), undefined);
  });

  it("sends a span as it was at its first end", async () => {
    const tracing = await open();
    const span = tracing.enter(start);
    span?.set({ "dbaas.position": 7 });
    span?.link(other.traceparent);
    span?.end("it broke");
    span?.set({ "dbaas.position": 8 });
    span?.link(client.traceparent);
    span?.end();
    await tracing.close();
    assert.equal(collector.spans.length, 1);
    const [sent] = collector.spans;
    assert.deepEqual(
      [sent?.attributes["dbaas.position"], sent?.links, sent?.failure],
      [7, [other.spanId], "it broke"],
    );
    assert.deepEqual(log.warnings, []);
  });

  it("begins a span in the past where it is told to", async () => {
    const tracing = await open();
    const startMs = Date.now() - 250;
    tracing.enter({ ...start, startMs })?.end();
    const endedMs = Date.now();
    await tracing.close();
    const tookMs = collector.spans[0]?.tookMs ?? 0;
    assert.ok(tookMs > 150 && tookMs < endedMs - startMs + 100, `${tookMs} ms`);
  });

  it("costs no time when the collector is gone, and says so once", async () => {
    const tracing = await open({}, sendingLimits);
    await collector.stop();
    const startedAtMs = performance.now();
    for (let i = 0; i < 5_000; i++) tracing.enter(start)?.end();
    assert.ok(performance.now() - startedAtMs < 10_000);
    while (log.warnings.length === 0 && performance.now() - startedAtMs < 20_000) await sleep(20);
    for (let i = 0; i < 5_000; i++) tracing.enter(start)?.end();
    const closedAtMs = performance.now();
    await tracing.close();
    assert.ok(performance.now() - closedAtMs < 10_000);
    assert.equal(log.warnings.length, 1);
  });
});
