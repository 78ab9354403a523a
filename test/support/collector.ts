// A collector of traces: takes OTLP/JSON over HTTP, and keeps every span in a form that tests can read.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

type Value = {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
} & {
  readonly arrayValue?: { readonly values: readonly Value[] };
};
type KeyValues = readonly { readonly key: string; readonly value: Value }[];

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: KeyValues;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: KeyValues };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty at a trace's beginning. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer" | "unknown";
  readonly service: string;
  readonly instance: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly string[];
  readonly failure: string | undefined;
  readonly tookMs: number;
}

const kinds = ["unknown", "internal", "server", "client", "producer", "consumer"] as const;
const failed = 2;

const plain = ({ stringValue, intValue, boolValue, arrayValue }: Value): unknown =>
  stringValue ??
  (intValue === undefined ? undefined : Number(intValue)) ??
  boolValue ??
  arrayValue?.values.map(plain);

const plainAll = (pairs: KeyValues) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));

const spansIn = ({ resourceSpans }: Export): readonly CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const origin = plainAll(resource.attributes);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(
        (span): CollectedSpan => ({
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? "",
          name: span.name,
          kind: kinds[span.kind] ?? "unknown",
          service: String(origin["service.name"]),
          instance: String(origin["service.instance.id"]),
          attributes: plainAll(span.attributes),
          links: (span.links ?? []).map(({ spanId }) => spanId),
          failure: span.status.code === failed ? (span.status.message ?? "") : undefined,
          tookMs: Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
        }),
      ),
    );
  });

export class Collector {
  readonly spans: CollectedSpan[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #server: Server;
  endpoint = "";

  private constructor() {
    this.#server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      if (req.method === "POST" && req.url === "/v1/traces") {
        this.headers.push(req.headers);
        this.spans.push(...spansIn(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Export));
      }
      res.setHeader("Content-Type", "application/json");
      res.end("{}");
    });
  }

  /** @param host an address of this machine; containers reach another one than loopback */
  static async start(host = "127.0.0.1"): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, host);
    await once(collector.#server, "listening");
    collector.endpoint = `http://${host}:${(collector.#server.address() as AddressInfo).port}`;
    return collector;
  }

  /** Of one trace, by name. */
  named(traceId: string, name: string): readonly CollectedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId && span.name === name);
  }

  /** From then on nobody listens at the endpoint. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
