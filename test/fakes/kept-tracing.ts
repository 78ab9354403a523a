// Tracing that keeps what it is told, in memory.
import type { Attributes, Span, SpanStart, Tracing } from "../../platform/telemetry/tracing.ts";

export class KeptSpan implements Span {
  readonly traceparent: string;
  readonly name: string;
  readonly causes: readonly string[];
  readonly attributes: Record<string, unknown>;
  readonly links: string[] = [];
  ended = false;
  failure: string | undefined;

  constructor(traceparent: string, causes: readonly string[], { name, attributes }: SpanStart) {
    this.traceparent = traceparent;
    this.name = name;
    this.causes = causes;
    this.attributes = { ...attributes };
  }

  set(attributes: Attributes) {
    if (!this.ended) Object.assign(this.attributes, attributes);
  }

  link(traceparent: string) {
    this.links.push(traceparent);
  }

  end(failure?: string) {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
  }
}

export class KeptTracing implements Tracing {
  readonly spans: KeptSpan[] = [];
  /** What `enter` leaves out. */
  unrecorded = false;

  enter({ traceparent, ...start }: Parameters<Tracing["enter"]>[0]): Span | undefined {
    return this.unrecorded ? undefined : this.#keep(traceparent === undefined ? [] : [traceparent], start);
  }

  follow(causes: readonly string[], start: SpanStart): Span | undefined {
    return causes.length === 0 ? undefined : this.#keep(causes, start);
  }

  async close() {}

  named(name: string): KeptSpan {
    const span = this.spans.find((one) => one.name === name);
    if (span === undefined)
      throw new Error(`no span ${name} among ${this.spans.map((one) => one.name).join()}`);
    return span;
  }

  #keep(causes: readonly string[], start: SpanStart): KeptSpan {
    const span = new KeptSpan(`t${this.spans.length + 1}`, causes, start);
    this.spans.push(span);
    return span;
  }
}
