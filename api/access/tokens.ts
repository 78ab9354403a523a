// PURE: from what a client presents to the token it is. What is compared are digests of equal length, each time with every
// entry, so that the time it takes says neither how much was right nor whose token it nearly was.
import { createHash, timingSafeEqual } from "node:crypto";
import type { AccessToken } from "../../core/access.ts";

/** Far longer than any token of ours; what is longer is not worth hashing. */
const tokenLengthMax = 512;
const bearerForm = /^Bearer +([\x21-\x7e]+) *$/i;

/** @returns undefined when the header is there but holds no bearer token */
export function bearerTokenIn(header: string): string | undefined {
  if (header.length > tokenLengthMax) return undefined;
  return bearerForm.exec(header)?.[1];
}

export class Tokens {
  readonly #entries: readonly { readonly digest: Buffer; readonly token: AccessToken }[];

  constructor(tokens: readonly AccessToken[]) {
    this.#entries = tokens.map((token) => ({ digest: Buffer.from(token.sha256, "hex"), token }));
  }

  get size(): number {
    return this.#entries.length;
  }

  find(presented: string): AccessToken | undefined {
    const digest = createHash("sha256").update(presented).digest();
    let found: AccessToken | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, digest)) found = entry.token;
    return found;
  }
}
