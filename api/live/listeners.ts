// Those who listen to the stream of server-sent events. Their number is bounded, and so is what waits for a slow one.
import type { ServerResponse } from "node:http";
import type { StreamEvents } from "../../core/state/stats.ts";

export interface ListenerLimits {
  readonly listenersMax: number;
  readonly listenerBytesMax: number;
}

/** Tells proxies and listeners that the connection lives, also when there is nothing to tell. */
const heartbeat = ": alive\n\n";

export const streamHeaders: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  // Some proxies would keep what comes until it is worth a packet.
  "X-Accel-Buffering": "no",
};

/** @param json in one line */
export const frame = (name: keyof StreamEvents, json: string, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${json}\n\n`;

export class Listeners {
  readonly #limits: ListenerLimits;
  readonly #listeners = new Set<ServerResponse>();

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#listeners.size;
  }

  /** @param first what the listener must know before all that is new; @returns false when there are too many */
  add(res: ServerResponse, first: string): boolean {
    if (this.#listeners.size >= this.#limits.listenersMax) return false;
    res.writeHead(200, streamHeaders);
    res.write(first);
    this.#listeners.add(res);
    res.on("close", () => this.#listeners.delete(res));
    return true;
  }

  send(text: string): void {
    for (const res of this.#listeners) {
      if (res.writableLength > this.#limits.listenerBytesMax) res.destroy();
      else res.write(text);
    }
  }

  beat(): void {
    this.send(heartbeat);
  }

  close(): void {
    for (const res of this.#listeners) res.end();
    this.#listeners.clear();
  }
}
