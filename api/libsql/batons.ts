// A baton says which stream is meant, and how often it was asked before: each answer gives another one. It is signed with a key that this
// process made when it started, so that one that was made elsewhere, or before, is told from one of a stream that has ended.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export interface Baton {
  readonly stream: number;
  /** How many answers the stream has given. */
  readonly turn: number;
}

const form = /^(\d{1,15})\.(\d{1,15})\.([\w-]{43})$/;

export class Batons {
  readonly #key = randomBytes(32);

  write({ stream, turn }: Baton): string {
    const text = `${stream}.${turn}`;
    return `${text}.${this.#signatureOf(text)}`;
  }

  /** @returns undefined for one that this process did not write */
  read(text: string): Baton | undefined {
    const [, stream = "", turn = "", signature = ""] = form.exec(text) ?? [];
    const own = Buffer.from(this.#signatureOf(`${stream}.${turn}`));
    const given = Buffer.from(signature);
    if (given.length !== own.length || !timingSafeEqual(given, own)) return undefined;
    return { stream: Number(stream), turn: Number(turn) };
  }

  #signatureOf(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}
