// One connection: GET /api/v1/events as a stream -> messages for the model. It is opened again, with the last event's id,
// whenever it ends or falls silent. Pages share one where they can (open-feed.ts).
import type { StreamEvents } from "../../core/state/stats.ts";
import type { FeedHandlers, FeedMessage } from "./messages.ts";
import { parseEvents, type ServerEvent } from "./sse-parser.ts";

const path = "/api/v1/events";
/** The server says something at least once a second. */
const silenceMs = 6_000;
const retry = { firstMs: 300, maxMs: 4_000 } as const;

export class Feed {
  readonly #handlers: FeedHandlers;
  readonly #authorization: () => Readonly<Record<string, string>>;
  readonly #over = new AbortController();
  #lastId: string | null = null;
  #retryMs: number = retry.firstMs;
  #wake: () => void = () => undefined;

  constructor(handlers: FeedHandlers, authorization: () => Readonly<Record<string, string>>) {
    this.#handlers = handlers;
    this.#authorization = authorization;
  }

  /** Runs until it is stopped. */
  async run(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const refused = await this.#once().catch(() => false);
      if (this.#over.signal.aborted) return;
      this.#handlers.onLink(refused ? "refused" : "lost");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, this.#retryMs);
      });
      this.#retryMs = Math.min(retry.maxMs, this.#retryMs * 2);
    }
  }

  /** Tries at once instead of after the pause: the network is back, or there is a token now. */
  hurry(): void {
    this.#retryMs = retry.firstMs;
    this.#wake();
  }

  stop(): void {
    this.#over.abort();
    this.#wake();
  }

  /** One connection from its start to its end. @returns whether the server wants a token, or another one */
  async #once(): Promise<boolean> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), silenceMs);
    try {
      const response = await fetch(path, {
        headers: {
          Accept: "text/event-stream",
          ...this.#authorization(),
          ...(this.#lastId === null ? {} : { "Last-Event-ID": this.#lastId }),
        },
        cache: "no-store",
        signal: AbortSignal.any([silent.signal, this.#over.signal]),
      });
      if (response.status === 401 || response.status === 403) return true;
      if (!response.ok || response.body === null) return false;
      this.#handlers.onLink("live");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return false;
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), silenceMs);
        const parsed = parseEvents(rest + value);
        rest = parsed.rest;
        for (const event of parsed.events) this.#receive(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #receive({ name, data, id }: ServerEvent): void {
    this.#retryMs = retry.firstMs;
    if (id !== null) this.#lastId = id;
    // Names of a newer server are not an error: it may say more than this page knows.
    if (!isKnown(name)) return;
    this.#handlers.onMessage({ kind: name, payload: JSON.parse(data) } as FeedMessage);
  }
}

const known: readonly string[] = ["history", "stats", "status", "event"] satisfies (keyof StreamEvents)[];
const isKnown = (name: string): name is keyof StreamEvents => known.includes(name);
