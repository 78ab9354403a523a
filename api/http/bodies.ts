// Receives bodies, each and all together within a bound. A body costs what its bytes cost, in however many pieces they come,
// and one that stalls holds no more than it has sent. When all together are too many bytes, the body that has held most
// for longest is given up: a request that arrives at an ordinary pace is never refused because of those that stand still.
// How long a client may take over a body is the server's matter.
import type { IncomingMessage } from "node:http";
import { type Clock, systemClock } from "../../platform/process/clock.ts";
import type { HttpRefusal } from "./refusals.ts";

export type Received = (body: Buffer | undefined, refusal: HttpRefusal | undefined) => void;

export class Bodies {
  readonly #allBytesMax: number;
  readonly #clock: Clock;
  readonly #arriving = new Set<Arriving>();
  #heldBytes = 0;
  /** How many made room for others. */
  givenUp = 0;

  constructor(allBytesMax: number, clock: Clock = systemClock) {
    this.#allBytesMax = allBytesMax;
    this.#clock = clock;
  }

  /** Of all bodies that are arriving. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Calls `received` once, with the body or with why there is none; not at all when the client has gone away. */
  receive(req: IncomingMessage, bytesMax: number, received: Received): void {
    const refusal = refusalByHeaders(req, bytesMax);
    // The rest of a refused body is still read and dropped: a client that is cut off in the middle sees no answer.
    if (refusal === undefined) this.#collect(req, bytesMax, received);
    else received(undefined, refusal);
  }

  #collect(req: IncomingMessage, bytesMax: number, received: Received): void {
    const declaredBytes = Number(req.headers["content-length"] ?? Number.NaN);
    // Nearly every body comes in one piece, which then is the body.
    let whole: Buffer | undefined;
    let body: Arriving | undefined;
    let settled = false;
    const settle = (refusal?: HttpRefusal) => {
      if (settled) return;
      settled = true;
      this.#forget(body);
      if (refusal === undefined) received(whole ?? body?.bytes ?? empty, undefined);
      else received(undefined, refusal);
    };
    req.on("data", (chunk: Buffer) => {
      if (settled) return;
      if (body === undefined && chunk.length === declaredBytes) {
        whole = chunk;
        return;
      }
      body ??= this.#begin(Math.min(bytesMax, declaredBytes || bytesMax), settle);
      if (body.length + chunk.length > bytesMax) return settle(tooLarge(bytesMax));
      this.#heldBytes += body.append(chunk);
      this.#makeRoom();
    });
    req.on("end", () => settle());
    req.on("close", () => {
      settled = true;
      this.#forget(body);
    });
  }

  #begin(bytesMax: number, giveUp: (refusal: HttpRefusal) => void): Arriving {
    const body = new Arriving(bytesMax, this.#clock.monotonicMs(), giveUp);
    this.#arriving.add(body);
    return body;
  }

  #forget(body: Arriving | undefined): void {
    if (body !== undefined && this.#arriving.delete(body)) this.#heldBytes -= body.capacity;
  }

  #makeRoom(): void {
    while (this.#heldBytes > this.#allBytesMax && this.#arriving.size > 0) {
      const nowMs = this.#clock.monotonicMs();
      let costliest: Arriving | undefined;
      for (const body of this.#arriving)
        if (costliest === undefined || body.cost(nowMs) > costliest.cost(nowMs)) costliest = body;
      this.givenUp += 1;
      costliest?.giveUp(tooBusy);
    }
  }
}

const empty = Buffer.alloc(0);
const firstBytes = 256;

/** One body in one buffer that grows with it: twice what it holds at most, and never beyond its bound. */
class Arriving {
  readonly giveUp: (refusal: HttpRefusal) => void;
  readonly #bytesMax: number;
  readonly #startedAtMs: number;
  #buffer = empty;
  #length = 0;

  constructor(bytesMax: number, startedAtMs: number, giveUp: (refusal: HttpRefusal) => void) {
    this.#bytesMax = bytesMax;
    this.#startedAtMs = startedAtMs;
    this.giveUp = giveUp;
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** What it holds, for as long as it has been arriving. */
  cost(nowMs: number): number {
    return this.capacity * (nowMs - this.#startedAtMs + 1);
  }

  /** @returns by how many bytes its buffer grew */
  append(chunk: Buffer): number {
    const before = this.capacity;
    const needed = this.#length + chunk.length;
    if (needed > before) {
      const grown = Math.max(needed, Math.min(this.#bytesMax, Math.max(firstBytes, before * 2)));
      // Memory of its own: a slice of Node's pool would keep the whole pool for as long as a stalled body lasts.
      const buffer = Buffer.allocUnsafeSlow(grown);
      this.#buffer.copy(buffer, 0, 0, this.#length);
      this.#buffer = buffer;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = needed;
    return this.capacity - before;
  }
}

const tooBusy: HttpRefusal = { code: "unavailable", message: "too many large bodies are arriving" };

const tooLarge = (bytesMax: number): HttpRefusal => ({
  code: "too_large",
  message: `is larger than ${bytesMax} bytes`,
  field: "(body)",
});

function refusalByHeaders(req: IncomingMessage, bytesMax: number): HttpRefusal | undefined {
  const { "content-length": length, "content-encoding": encoding } = req.headers;
  if (encoding !== undefined && encoding !== "identity")
    return { code: "unsupported_media_type", message: "must not be compressed", field: "Content-Encoding" };
  return length !== undefined && Number(length) > bytesMax ? tooLarge(bytesMax) : undefined;
}
