// GET /metrics for programs without an HTTP server of their own. Meant for the cluster's network, never published.
import { createServer } from "node:http";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export const metricsPort = 9100;

const limits = { connectionsMax: 16, requestWithinMs: 5_000 } as const;

/** Not being able to tell one's metrics is no reason not to work: it is logged, no more. */
export function serveMetrics(metrics: Metrics, port: number, log: Log): void {
  const server = createServer({ requestTimeout: limits.requestWithinMs }, (req, res) => {
    if (req.method !== "GET" || req.url !== "/metrics") return void res.writeHead(404).end();
    metrics.text().then(
      (text) => res.writeHead(200, { "Content-Type": metrics.contentType }).end(text),
      (error: unknown) => {
        log.error({ reason: messageOf(error) }, "could not tell the metrics");
        res.writeHead(500).end();
      },
    );
  });
  server.maxConnections = limits.connectionsMax;
  server.on("error", (error) => log.warn({ port, reason: messageOf(error) }, "metrics are not served"));
  server.listen(port);
  server.unref();
}
