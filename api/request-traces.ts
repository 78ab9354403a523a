// The API's part of a trace: a span for each request, from its arrival to its answer, and one for each message that
// carries requests. Made only where traces are on.
import type { IncomingMessage, ServerResponse } from "node:http";
import { messaging, type Span, type Tracing } from "../platform/telemetry/tracing.ts";
import type { Pending, Placed } from "./batching/pending.ts";

/** Ends without an answer only when the client goes away. @returns undefined when the request is not recorded */
export function requestSpan(
  tracing: Tracing,
  route: string,
  req: IncomingMessage,
  res: ServerResponse,
): Span | undefined {
  const { traceparent } = req.headers;
  const span = tracing.enter({
    name: `POST ${route}`,
    kind: "server",
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    attributes: {
      "http.request.method": "POST",
      "http.route": route,
      "url.path": route,
      "url.scheme": schemeOf(req),
    },
  });
  if (span !== undefined) res.once("close", () => span.end("the client went away"));
  return span;
}

const schemeOf = ({ socket }: IncomingMessage): string => ("encrypted" in socket ? "https" : "http");

export function endRequestSpan(span: Span, status: number): void {
  span.set({ "http.response.status_code": status });
  if (status >= 500) span.set({ "error.type": String(status) });
  span.end(status >= 500 ? `answered with ${status}` : undefined);
}

/**
 * A lone request's message is a child of its span. One that carries several is a trace of its own, linked to theirs and
 * theirs to it: it belongs to none of them more than to another.
 */
export const messageSpans =
  (tracing: Tracing, queue: string) =>
  (requests: readonly Placed<Pending>[], bytes: number): Span | undefined => {
    const spans = requests.flatMap(({ pending }) => pending.reply.span ?? []);
    const message = tracing.follow(
      spans.map(({ traceparent }) => traceparent),
      {
        name: `publish ${queue}`,
        kind: "producer",
        attributes: {
          ...messaging(queue, "publish", "send"),
          "messaging.batch.message_count": requests.length,
          "messaging.message.body.size": bytes,
        },
      },
    );
    if (message !== undefined && spans.length > 1) for (const span of spans) span.link(message.traceparent);
    return message;
  };
