// The routes of the live view: events, figures, metrics.
import type { Metrics } from "../../platform/telemetry/metrics.ts";
import { paths, type Route } from "../http/routes.ts";
import type { LiveStream } from "./stream.ts";

export const liveRoutes = (stream: LiveStream, metrics: Metrics): readonly Route[] => [
  { method: "get", path: paths.events, handle: stream.events },
  { method: "get", path: paths.stats, handle: stream.stats },
  {
    method: "get",
    path: paths.metrics,
    handle: async (_req, res) => {
      const text = await metrics.text();
      res.writeHead(200, { "Content-Type": metrics.contentType }).end(text);
    },
  },
];
