// Traces as the programs know them: spans, and the text by which one is continued in another process. They are off unless
// the environment says where they go; then there is no `Tracing` at all, so a hot path asks one question: is there one?
// What stands behind it is platform/telemetry/opentelemetry.ts, which is loaded only when it is needed.

export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export type SpanKind = "server" | "producer" | "consumer" | "internal";

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

export interface Span {
  /** W3C Trace Context: what travels to the program that goes on with it. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** A pointer to a span of, usually, another trace. */
  link(traceparent: string): void;
  /** Ends it, as failed where there is a reason. Whatever is said of it later is not heard. */
  end(failure?: string): void;
}

export interface Tracing {
  /**
   * A trace begins here, or comes in from a client. The sampler decides whether it is recorded.
   * @returns undefined when it is not: then nothing that follows from it is either
   */
  enter(
    start: SpanStart & { readonly traceparent?: string | undefined; readonly startMs?: number },
  ): Span | undefined;
  /**
   * What follows from recorded spans: of one, its child; of several, a trace of its own that is linked to each.
   * @returns undefined without any
   */
  follow(causes: readonly string[], start: SpanStart): Span | undefined;
  /** Sends what is left, for as long as a program's end may take. Never throws. */
  close(): Promise<void>;
}

/** Who the spans are from. */
export interface TracedProgram {
  /** "api", "controller" or "worker". */
  readonly program: string;
  readonly instance: string;
  readonly cluster: string;
}

/** How long spans may be on their way: each batch, and the last ones at a program's end. */
export interface SendingLimits {
  readonly exportWithinMs: number;
  readonly closeWithinMs: number;
}

/** A program's end must not wait long for a collector. */
export const sendingLimits: SendingLimits = { exportWithinMs: 3_000, closeWithinMs: 1_500 };

/** What OpenTelemetry's conventions want to know of every span about a message. */
export const messaging = (queue: string, name: string, type: "process" | "send"): Attributes => ({
  "messaging.system": "rabbitmq",
  "messaging.destination.name": queue,
  "messaging.operation.name": name,
  "messaging.operation.type": type,
});
