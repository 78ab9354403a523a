// Runs once for all pages of this origin in a browser. Browsers open six connections to a host: were each page to hold one
// for its stream, the seventh would load nothing, and no button of the others would work.
import { Feed } from "./feed.ts";
import { Hub } from "./hub.ts";
import type { ToWorker } from "./shared-messages.ts";

const hub = new Hub((handlers, authorization) => new Feed(handlers, () => authorization));

addEventListener("connect", (event) => {
  const port = event instanceof MessageEvent ? event.ports[0] : undefined;
  if (port === undefined) return;
  port.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => hub.hear(port, data));
  port.start();
});
