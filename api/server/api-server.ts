// The HTTP server: the two hot routes directly, everything else through Express, whose handling of a request costs about
// as much as the whole rest. Slow clients are cut off by the server itself, so that no request needs a timer.
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Duplex } from "node:stream";
import { within } from "../../protocol/waiting.ts";
import { limits } from "../limits.ts";
import { paths } from "./routes.ts";

export interface HotRoutes {
  read(req: IncomingMessage, res: ServerResponse): void;
  write(req: IncomingMessage, res: ServerResponse): void;
}

const slowClientsCheckedEveryMs = 1_000;

export class ApiServer {
  readonly #server: Server;
  #draining = false;

  constructor(hot: HotRoutes, rest: RequestListener) {
    this.#server = createServer(
      {
        noDelay: true,
        headersTimeout: limits.headersWithinMs,
        requestTimeout: limits.requestWithinMs,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: slowClientsCheckedEveryMs,
      },
      (req, res) => {
        if (this.#draining) res.setHeader("Connection", "close");
        if (req.method === "POST" && req.url === paths.read) hot.read(req, res);
        else if (req.method === "POST" && req.url === paths.write) hot.write(req, res);
        else rest(req, res);
      },
    );
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.timeout = limits.idleSocketMs;
    this.#server.on("clientError", onClientError);
  }

  /** @returns the port, which the system chooses when 0 is asked for */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, () => {
        this.#server.off("error", reject);
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  }

  /** Takes no new connections, answers what has come, then closes what is left. */
  async drain(): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // A connection whose answer went out without `Connection: close` is idle from then on.
    const idle = setInterval(() => this.#server.closeIdleConnections(), limits.sweepEveryMs);
    await within(closed, limits.drainWithinMs, "answer what has come").catch(() => undefined);
    clearInterval(idle);
    this.#server.closeAllConnections();
  }
}

const statusLines: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/** What is not HTTP, or comes too slowly, never reaches a route. */
function onClientError(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const statusLine = statusLines[error.code ?? ""] ?? "400 Bad Request";
  const body = JSON.stringify({ error: { code: "bad_request", message: statusLine.slice(4) } });
  const head = `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
}
