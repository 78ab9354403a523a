// The page's way to the stream: through the worker that all pages share, or by a connection of its own where the browser has no
// such workers or does not allow them, and for as long as the worker says nothing.
import { Feed } from "./feed.ts";
import type { FeedHandlers } from "./messages.ts";
import type { FromWorker } from "./shared-messages.ts";
import { ThroughWorker } from "./through-worker.ts";
import { authorization } from "./token.ts";

export interface PageFeed {
  /** Tries at once instead of after a pause: the network is back, or there is another token now. */
  hurry(): void;
}

export function openFeed(handlers: FeedHandlers): PageFeed {
  const openOwn = () => new Feed(handlers, authorization);
  const worker = sharedWorker();
  if (worker !== undefined) return throughWorker(worker, handlers, openOwn);
  const own = openOwn();
  void own.run();
  return own;
}

function sharedWorker(): SharedWorker | undefined {
  try {
    return new SharedWorker(new URL("./shared-worker.js", import.meta.url), { type: "module", name: "feed" });
  } catch {
    // Not known to this browser, or not allowed where it keeps no data of sites.
    return undefined;
  }
}

function throughWorker(worker: SharedWorker, handlers: FeedHandlers, openOwn: () => Feed): PageFeed {
  const { port } = worker;
  const feed = new ThroughWorker(port, handlers, authorization, openOwn);
  worker.addEventListener("error", () => feed.meanwhile());
  port.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => feed.hear(data));
  port.start();
  addEventListener("pagehide", () => feed.leave());
  // A page that comes back from the browser's cache goes on where it was.
  addEventListener("pageshow", ({ persisted }) => persisted && feed.comeBack());
  return feed;
}
