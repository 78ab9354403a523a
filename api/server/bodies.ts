// Receives bodies, each and all together within a bound. How long a client may take over it is the server's matter.
import type { IncomingMessage } from "node:http";
import type { HttpRefusal } from "./refusals.ts";

export type Received = (body: Buffer | undefined, refusal: HttpRefusal | undefined) => void;

export class Bodies {
  readonly #allBytesMax: number;
  #heldBytes = 0;

  constructor(allBytesMax: number) {
    this.#allBytesMax = allBytesMax;
  }

  /** Calls `received` once, with the body or with why there is none; not at all when the client has gone away. */
  receive(req: IncomingMessage, bytesMax: number, received: Received): void {
    const refusal = refusalByHeaders(req, bytesMax);
    // The rest of a refused body is still read and dropped: a client that is cut off in the middle sees no answer.
    if (refusal === undefined) this.#collect(req, bytesMax, received);
    else received(undefined, refusal);
  }

  #collect(req: IncomingMessage, bytesMax: number, received: Received): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let settled = false;
    const settle = (body: Buffer | undefined, why: HttpRefusal | undefined) => {
      settled = true;
      this.#heldBytes -= bytes;
      received(body, why);
    };
    req.on("data", (chunk: Buffer) => {
      if (settled) return;
      bytes += chunk.length;
      this.#heldBytes += chunk.length;
      if (bytes > bytesMax) settle(undefined, tooLarge(bytesMax));
      else if (this.#heldBytes > this.#allBytesMax) settle(undefined, tooBusy);
      else chunks.push(chunk);
    });
    req.on("end", () => {
      if (!settled) settle(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), undefined);
    });
    req.on("close", () => {
      if (settled) return;
      settled = true;
      this.#heldBytes -= bytes;
    });
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
