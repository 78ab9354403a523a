// The page's side of what it has with the worker that all pages share. A worker that says nothing may only be slow to begin: meanwhile
// the page has a stream of its own, and gives it up as soon as the worker speaks, so that no page keeps one of the browser's few
// connections for good.
import type { Stream } from "./hub.ts";
import type { FeedHandlers } from "./messages.ts";
import { type FromWorker, saidEveryMs, type ToWorker } from "./shared-messages.ts";

/** The page's end of its connection to the worker. */
export interface WorkerPort {
  postMessage(message: ToWorker): void;
}

/** A worker that is there says at once how its connection stands. */
export const answersWithinMs = 3_000;

export class ThroughWorker {
  readonly #port: WorkerPort;
  readonly #handlers: FeedHandlers;
  readonly #authorization: () => Readonly<Record<string, string>>;
  readonly #openOwn: () => Stream;
  readonly #silence: ReturnType<typeof setTimeout>;
  #own: Stream | null = null;
  #hasSpoken = false;

  constructor(
    port: WorkerPort,
    handlers: FeedHandlers,
    authorization: () => Readonly<Record<string, string>>,
    openOwn: () => Stream,
  ) {
    this.#port = port;
    this.#handlers = handlers;
    this.#authorization = authorization;
    this.#openOwn = openOwn;
    this.#silence = setTimeout(() => this.meanwhile(), answersWithinMs);
    setInterval(() => this.listen(), saidEveryMs);
    this.listen();
  }

  hear(said: FromWorker): void {
    clearTimeout(this.#silence);
    this.#hasSpoken = true;
    // First: its connection may be the one that the worker's own stream waits for.
    this.#own?.stop();
    this.#own = null;
    if (said.kind === "link") this.#handlers.onLink(said.link);
    else this.#handlers.onMessage(said.message);
  }

  /** The worker says nothing, or could not be begun. */
  meanwhile(): void {
    if (this.#hasSpoken || this.#own !== null) return;
    this.#own = this.#openOwn();
    void this.#own.run();
  }

  listen(): void {
    this.#port.postMessage({ kind: "listen", authorization: this.#authorization() });
  }

  /** The page goes, or is kept by the browser to be shown again: until then it holds no connection. */
  leave(): void {
    this.#port.postMessage({ kind: "leave" });
    clearTimeout(this.#silence);
    this.#own?.stop();
    this.#own = null;
  }

  /** The page is shown again. */
  comeBack(): void {
    this.listen();
    this.meanwhile();
  }

  hurry(): void {
    this.listen();
    this.#port.postMessage({ kind: "hurry" });
    this.#own?.hurry();
  }
}
