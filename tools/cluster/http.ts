// HTTP as the tests speak it: one connection per request, so that no answer depends on an earlier one's connection, and
// headers exactly as given.
import { type IncomingHttpHeaders, request } from "node:http";
import { ports } from "./settings.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON. */
  readonly body: unknown;
}

export interface Call {
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number | undefined;
  /** On the loopback; that of the cluster of this process when there is none. */
  readonly port?: number;
}

const timeoutDefaultMs = 20_000;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** @throws when the connection breaks or no answer comes in time */
export function call(
  method: string,
  path: string,
  { body, headers, timeoutMs, port }: Call = {},
): Promise<Answer> {
  const content = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const length: Record<string, string> =
    content === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(content)) };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: port ?? ports.api,
        method,
        path,
        agent: false,
        headers: { ...length, ...headers },
        signal: AbortSignal.timeout(timeoutMs ?? timeoutDefaultMs),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parsed(text) });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(content);
  });
}
