// One HTTP exchange: kept-alive connections, a deadline and a bound on the answer. Knows nothing of what is exchanged.
import { Agent, type IncomingMessage, request as startRequest } from "node:http";
import { limits } from "./limits.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const agent = new Agent({
  keepAlive: true,
  maxSockets: limits.outgoingConnectionsMax,
  maxFreeSockets: 16,
});

async function collect(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.answerBytesMax)
      throw new Error(`answer is longer than ${limits.answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString("utf8"),
  };
}

/** @throws Error when no whole answer came, for whatever reason */
export function exchange({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const request = startRequest(url, { agent, method, headers: { ...headers, ...length }, signal });
    request.on("error", reject);
    request.on("response", (response) => collect(response).then(resolve, reject));
    request.end(body);
  });
}
