// The page's way to the stream: through the worker that all pages share, or by a connection of its own where the browser has no
// such workers, does not allow them, or the worker does not answer.
import { Feed } from "./feed.ts";
import type { FeedHandlers } from "./messages.ts";
import { type FromWorker, saidEveryMs, type ToWorker } from "./shared-messages.ts";
import { authorization } from "./token.ts";

export interface PageFeed {
  /** Tries at once instead of after a pause: the network is back, or there is another token now. */
  hurry(): void;
}

/** A worker that is there says at once how its connection stands. */
const answersWithinMs = 3_000;

export function openFeed(handlers: FeedHandlers): PageFeed {
  let current: PageFeed = { hurry: () => undefined };
  const alone = () => {
    const feed = new Feed(handlers, authorization);
    void feed.run();
    current = feed;
  };
  const worker = sharedWorker();
  if (worker === undefined) alone();
  else current = throughWorker(worker, handlers, alone);
  return { hurry: () => current.hurry() };
}

function sharedWorker(): SharedWorker | undefined {
  try {
    return new SharedWorker(new URL("./shared-worker.js", import.meta.url), { type: "module", name: "feed" });
  } catch {
    // Not known to this browser, or not allowed where it keeps no data of sites.
    return undefined;
  }
}

function throughWorker(worker: SharedWorker, handlers: FeedHandlers, instead: () => void): PageFeed {
  const { port } = worker;
  const say = (what: ToWorker) => port.postMessage(what);
  const listen = () => say({ kind: "listen", authorization: authorization() });
  const saying = setInterval(listen, saidEveryMs);
  let given = false;
  const giveUp = () => {
    if (given) return;
    given = true;
    clearInterval(saying);
    say({ kind: "leave" });
    port.close();
    instead();
  };
  const silent = setTimeout(giveUp, answersWithinMs);
  worker.addEventListener("error", giveUp);
  port.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    clearTimeout(silent);
    if (data.kind === "link") handlers.onLink(data.link);
    else handlers.onMessage(data.message);
  });
  port.start();
  listen();
  addEventListener("pagehide", () => say({ kind: "leave" }));
  // A page that comes back from the browser's cache goes on where it was.
  addEventListener("pageshow", ({ persisted }) => persisted && listen());
  return {
    hurry: () => {
      listen();
      say({ kind: "hurry" });
    },
  };
}
