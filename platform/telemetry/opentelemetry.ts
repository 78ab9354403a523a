// The one door to OpenTelemetry, loaded only where traces are on. Whatever becomes of the collector, the programs do not
// notice: spans wait in a bounded queue, what does not fit is dropped, and trouble is told once a minute at most.
import * as api from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import * as sdk from "@opentelemetry/sdk-trace";
import { within } from "../process/waiting.ts";
import type { Log } from "./log.ts";
import type { Attributes, SendingLimits, Span, SpanStart, TracedProgram, Tracing } from "./tracing.ts";
import type { Sampling, TracingSettings } from "./tracing-settings.ts";

const queue = { spansMax: 2_048, batchSpansMax: 512, everyMs: 1_000 } as const;
const exportsMax = 4;
const toldEveryMs = 60_000;

export class OpenTelemetry implements Tracing {
  readonly #processor: sdk.BatchSpanProcessor;
  readonly #entering: api.Tracer;
  /** What follows from a recorded span is recorded as well, or the trace would have holes. */
  readonly #following: api.Tracer;

  readonly #closeWithinMs: number;

  constructor(
    { url, headers, resource, sampling }: TracingSettings,
    program: TracedProgram,
    log: Log,
    { exportWithinMs, closeWithinMs }: SendingLimits,
  ) {
    this.#closeWithinMs = closeWithinMs;
    const origin = resourceFromAttributes({
      ...resource,
      "service.name": `dbaas-${program.program}`,
      "service.namespace": program.cluster,
      "service.instance.id": program.instance,
    });
    this.#processor = new sdk.BatchSpanProcessor({
      exporter: new OTLPTraceExporter({
        url,
        headers,
        timeoutMillis: exportWithinMs,
        concurrencyLimit: exportsMax,
      }),
      maxQueueSize: queue.spansMax,
      maxExportBatchSize: queue.batchSpansMax,
      scheduledDelayMillis: queue.everyMs,
      exportTimeoutMillis: exportWithinMs,
    });
    const tracer = (by: sdk.Sampler) =>
      new sdk.TracerProvider({ sampler: by, resource: origin, spanProcessors: [this.#processor] }).getTracer(
        "mini-dbaas",
      );
    this.#entering = tracer(samplerOf(sampling));
    this.#following = tracer(new sdk.AlwaysOnSampler());
    tellTrouble(log);
    log.info({ url }, "traces are on");
  }

  enter({ traceparent, startMs, ...start }: Parameters<Tracing["enter"]>[0]): Span | undefined {
    const parent = traceparent === undefined ? undefined : contextIn(traceparent);
    const span = this.#entering.startSpan(
      start.name,
      { ...optionsOf(start), ...(startMs === undefined ? {} : { startTime: startMs }) },
      below(parent),
    );
    return span.isRecording() ? new RecordedSpan(span) : undefined;
  }

  follow(causes: readonly string[], start: SpanStart): Span | undefined {
    const contexts = causes.flatMap((cause) => contextIn(cause) ?? []).filter(isSampled);
    const [only] = contexts;
    if (only === undefined) return undefined;
    const options = optionsOf(start);
    const span =
      contexts.length === 1
        ? this.#following.startSpan(start.name, options, below(only))
        : this.#following.startSpan(
            start.name,
            { ...options, links: contexts.map((context) => ({ context })) },
            api.ROOT_CONTEXT,
          );
    return new RecordedSpan(span);
  }

  async close(): Promise<void> {
    await within(this.#processor.shutdown(), this.#closeWithinMs, "send the last spans").catch(
      () => undefined,
    );
  }
}

class RecordedSpan implements Span {
  readonly traceparent: string;
  readonly #span: api.Span;
  #ended = false;

  constructor(span: api.Span) {
    const { traceId, spanId } = span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-01`;
    this.#span = span;
  }

  set(attributes: Attributes): void {
    if (!this.#ended) this.#span.setAttributes(asGiven(attributes));
  }

  link(traceparent: string): void {
    const context = contextIn(traceparent);
    if (context !== undefined && !this.#ended) this.#span.addLink({ context });
  }

  end(failure?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (failure !== undefined) this.#span.setStatus({ code: api.SpanStatusCode.ERROR, message: failure });
    this.#span.end();
  }
}

const kinds = {
  server: api.SpanKind.SERVER,
  producer: api.SpanKind.PRODUCER,
  consumer: api.SpanKind.CONSUMER,
  internal: api.SpanKind.INTERNAL,
} as const;

const optionsOf = ({ kind, attributes }: SpanStart): api.SpanOptions => ({
  kind: kinds[kind],
  attributes: asGiven(attributes),
});

/** OpenTelemetry's type wants lists it may change, which it does not. */
const asGiven = (attributes: Attributes): api.Attributes => attributes as api.Attributes;

const below = (parent: api.SpanContext | undefined): api.Context =>
  parent === undefined ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, parent);

const isSampled = ({ traceFlags }: api.SpanContext): boolean => (traceFlags & api.TraceFlags.SAMPLED) !== 0;

/** Later versions may say more at the end; the first says exactly this. */
const traceparentForm = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @returns undefined for what is not a trace context: then the trace begins here */
function contextIn(traceparent: string): api.SpanContext | undefined {
  const [, version, traceId = "", spanId = "", flags = "", more] = traceparentForm.exec(traceparent) ?? [];
  if (version === "00" && more !== undefined) return undefined;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return api.isSpanContextValid(context) ? context : undefined;
}

function samplerOf({ byParent, ratio }: Sampling): sdk.Sampler {
  const root = ratio === 1 ? new sdk.AlwaysOnSampler() : new sdk.TraceIdRatioBasedSampler(ratio);
  return byParent ? new sdk.ParentBasedSampler({ root }) : root;
}

/** What the SDK has to say goes through one place for the whole process. */
function tellTrouble(log: Log): void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const tell = (reason: string) => {
    if (performance.now() - toldAtMs < toldEveryMs) return;
    toldAtMs = performance.now();
    log.warn({ reason }, "traces are lost");
  };
  const nothing = () => undefined;
  api.diag.setLogger(
    { error: (text) => tell(messageIn(text)), warn: tell, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** An export that failed is told as an error in JSON, with its stack. */
function messageIn(text: string): string {
  try {
    const { message, code } = JSON.parse(text) as { readonly message?: string; readonly code?: string };
    return message || code || text;
  } catch {
    return text;
  }
}
