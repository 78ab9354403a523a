// Bodies in chunks of a few bytes. Node.js makes a call of each chunk, and takes up to two megabytes from one connection before it
// looks at the next one: a few hundred thousand calls, while everybody else waits. So a connection that sends crumbs is read
// one piece of 64 KiB at a time, only one such connection at a time, and as long as that took is then left to others.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** So many chunks in a row tell. */
const chunksWatched = 256;
/** On average; who sends a body as it comes into being sends more at a time. */
const crumbBytes = 64;
const pauseMinMs = 1;

export class Crumbs {
  readonly #held = new Set<Socket>();
  #pauseMs = pauseMinMs;
  #timer: NodeJS.Timeout | undefined;

  /** For every request that sends its body in chunks, whichever route reads it. */
  watch(req: IncomingMessage): void {
    let chunks = 0;
    let bytes = 0;
    req.on("data", (chunk: Buffer) => {
      chunks += 1;
      bytes += chunk.length;
      if (chunks < chunksWatched) return;
      if (bytes < chunks * crumbBytes) this.#hold(req);
      chunks = 0;
      bytes = 0;
    });
  }

  /** What was read of it is still worked on in this turn of the event loop; no more is read until it is its turn again. */
  #hold(req: IncomingMessage): void {
    const { socket } = req;
    if (this.#held.has(socket)) return;
    this.#held.add(socket);
    // Else the stream of the body would set its socket going again by itself.
    req._read = () => undefined;
    socket.pause();
    const startedAtMs = performance.now();
    process.nextTick(() => {
      this.#pauseMs = Math.max(pauseMinMs, performance.now() - startedAtMs);
      this.#timer ??= setTimeout(this.#next, this.#pauseMs);
    });
  }

  readonly #next = (): void => {
    this.#timer = undefined;
    const [socket] = this.#held;
    if (socket === undefined) return;
    this.#held.delete(socket);
    socket.resume();
    // It is held again, and says how long it took, once there was something to read; if there was nothing, the others go on.
    if (this.#held.size > 0) this.#timer = setTimeout(this.#next, 2 * this.#pauseMs);
  };
}
