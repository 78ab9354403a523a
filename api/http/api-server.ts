// The HTTP server: the two hot routes directly, everything else through Express, whose handling of a request costs about
// as much as the whole rest. Slow clients are cut off by the server itself, so that no request needs a timer. Where there
// is a certificate, a second server speaks TLS and does the same.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { within } from "../../platform/process/waiting.ts";
import type { Door } from "../access/door.ts";
import { limits } from "../limits.ts";
import type { Certificate } from "./certificate.ts";
import { Crumbs } from "./crumbs.ts";
import { Pipelines } from "./pipelines.ts";
import { refuse, tooManyUnread } from "./refusals.ts";
import { needs, paths } from "./routes.ts";
import type { Unsent } from "./unsent.ts";

export interface HotRoutes {
  read(req: IncomingMessage, res: ServerResponse): void;
  write(req: IncomingMessage, res: ServerResponse): void;
}

/** What both kinds of server are to us. */
interface WebServer extends NetServer {
  maxHeadersCount: number | null;
  timeout: number;
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

export interface ServerParts {
  readonly hot: HotRoutes;
  readonly rest: RequestListener;
  readonly door: Door;
  readonly unsent: Unsent;
  readonly bounds?: ConnectionLimits;
}

/** How much of everything one connection may take. */
export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly tlsConnectionsMax: number;
  readonly headersBytesMax: number;
  readonly headersMax: number;
  readonly pipelinedOfConnectionMax: number;
  readonly pipelinedMax: number;
  readonly headersWithinMs: number;
  readonly requestWithinMs: number;
  readonly keepAliveMs: number;
  readonly idleSocketMs: number;
  readonly slowClientsCheckedEveryMs: number;
}

const optionsOf = (bounds: ConnectionLimits) => ({
  noDelay: true,
  headersTimeout: bounds.headersWithinMs,
  requestTimeout: bounds.requestWithinMs,
  keepAliveTimeout: bounds.keepAliveMs,
  connectionsCheckingInterval: bounds.slowClientsCheckedEveryMs,
  maxHeaderSize: bounds.headersBytesMax,
});

export class ApiServer {
  readonly #onRequest: RequestListener;
  readonly #servers: WebServer[] = [];
  readonly #bounds: ConnectionLimits;
  readonly #pipelines: Pipelines;
  readonly #crumbs = new Crumbs();
  #draining = false;

  constructor({ hot, rest, door, unsent, bounds = limits }: ServerParts) {
    this.#bounds = bounds;
    this.#pipelines = new Pipelines(bounds);
    this.#onRequest = (req, res) => {
      if (this.#draining) res.setHeader("Connection", "close");
      // Without its connection: the answer to an earlier request still has it.
      if (res.socket === null && !this.#pipelines.admits(res)) return;
      if (req.rawHeaders.length > 2 * bounds.headersMax) return void refuse(res, tooManyHeaders);
      if (req.headers["transfer-encoding"] !== undefined) this.#crumbs.watch(req);
      if (req.method === "POST" && (req.url === paths.read || req.url === paths.write)) {
        const turnedAway = door.turnsAway(req, needs[req.url]);
        if (turnedAway !== undefined) refuse(res, ...turnedAway);
        else if (req.url === paths.read) hot.read(req, res);
        else hot.write(req, res);
      } else if (unsent.admitAny(res)) rest(req, res);
      else refuse(res, tooManyUnread);
    };
  }

  /** @returns the port, which the system chooses when 0 is asked for */
  listen(port: number): Promise<number> {
    const server = createServer(optionsOf(this.#bounds), this.#onRequest);
    return this.#start(server, port, this.#bounds.connectionsMax);
  }

  /** The same over TLS. */
  listenTls(port: number, certificate: Certificate): Promise<number> {
    const server = createTlsServer(
      { ...optionsOf(this.#bounds), ...certificate.text, handshakeTimeout: this.#bounds.headersWithinMs },
      this.#onRequest,
    );
    certificate.onRenewal((text) => server.setSecureContext(text));
    return this.#start(server, port, this.#bounds.tlsConnectionsMax);
  }

  #start(server: WebServer, port: number, connectionsMax: number): Promise<number> {
    server.maxConnections = connectionsMax;
    // One more than is allowed: what Node.js drops beyond it is noticed.
    server.maxHeadersCount = this.#bounds.headersMax + 1;
    server.timeout = this.#bounds.idleSocketMs;
    server.on("clientError", onClientError);
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, () => {
        server.off("error", reject);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Takes no new connections, answers what has come, then closes what is left. */
  async drain(): Promise<void> {
    this.#draining = true;
    const closed = this.#servers.map((one) => new Promise<void>((resolve) => one.close(() => resolve())));
    // A connection whose answer went out without `Connection: close` is idle from then on.
    const idle = setInterval(() => {
      for (const one of this.#servers) one.closeIdleConnections();
    }, limits.sweepEveryMs);
    await within(Promise.all(closed), limits.drainWithinMs, "answer what has come").catch(() => undefined);
    clearInterval(idle);
    for (const one of this.#servers) one.closeAllConnections();
  }
}

const tooManyHeaders = { code: "headers_too_large", message: "has too many header fields" } as const;

const tooSlow = "ERR_HTTP_REQUEST_TIMEOUT";
const statusLines: Readonly<Record<string, string>> = {
  [tooSlow]: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** What is not HTTP, or comes too slowly, never reaches a route. */
function onClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  const code = error.code ?? "";
  // A TLS handshake that failed or a connection that broke cannot be answered.
  if (!socket.writable || !/^(HPE_|ERR_HTTP_)/.test(code)) return void socket.destroy();
  // Nor where nothing was asked: a client that keeps connections in stock would take it for its first request's answer.
  if (code === tooSlow && "bytesRead" in socket && socket.bytesRead === 0) return void socket.destroy();
  const statusLine = statusLines[code] ?? "400 Bad Request";
  const body = JSON.stringify({ error: { code: "bad_request", message: statusLine.slice(4) } });
  const head = `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}
