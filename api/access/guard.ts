// PURE but for its buckets: may this caller do this?

import { createHash, timingSafeEqual } from "node:crypto";
import { type AccessSpec, type AccessToken, type Role, roles } from "../../core/access.ts";
import { RateLimiter } from "./rate-limiter.ts";

export interface Caller {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** As `networkOf` gives it. */
  readonly network: string;
}

export type Verdict =
  | { readonly kind: "admitted" }
  | { readonly kind: "unauthenticated"; readonly why: "missing" | "invalid" }
  | { readonly kind: "forbidden"; readonly name: string; readonly role: Role; readonly needed: Role }
  | { readonly kind: "limited"; readonly retryAfterMs: number };

const admitted: Verdict = { kind: "admitted" };

export class Guard {
  readonly #tokens: Tokens;
  readonly #limiter: RateLimiter | undefined;

  constructor({ tokens, rateLimit }: AccessSpec) {
    this.#tokens = new Tokens(tokens);
    this.#limiter = rateLimit.perSecond === 0 ? undefined : new RateLimiter(rateLimit);
  }

  judge({ authorization, network }: Caller, need: Need, nowMs: number): Verdict {
    const asksForTokens = this.#tokens.size > 0;
    const presented = asksForTokens && authorization !== undefined ? bearerTokenIn(authorization) : undefined;
    const token = presented === undefined ? undefined : this.#tokens.find(presented);
    // Before anything else, so that guessing is limited, too. No address can contain a space.
    const retryAfterMs = this.#limiter?.ask(token === undefined ? network : `token ${token.name}`, nowMs);
    if (retryAfterMs !== undefined) return { kind: "limited", retryAfterMs };
    return this.#verdict(authorization, token, need);
  }

  /** The same once more for a caller that was let in, which is not counted again. Its token is looked for once. */
  judgeAgain(authorization: string | undefined): (need: Need) => Verdict {
    const presented = authorization === undefined ? undefined : bearerTokenIn(authorization);
    const token = presented === undefined ? undefined : this.#tokens.find(presented);
    return (need) => this.#verdict(authorization, token, need);
  }

  #verdict(authorization: string | undefined, token: AccessToken | undefined, need: Need): Verdict {
    if (need === "anyone" || this.#tokens.size === 0) return admitted;
    if (token === undefined)
      return { kind: "unauthenticated", why: authorization === undefined ? "missing" : "invalid" };
    if (suffices(token.role, need)) return admitted;
    return { kind: "forbidden", name: token.name, role: token.role, needed: need };
  }
}

/** What a route asks of its caller. `anyone`: probes and pages, which hold nothing of the data. */
export type Need = Role | "anyone";

export const suffices = (role: Role, need: Need): boolean =>
  need === "anyone" || roles.indexOf(role) >= roles.indexOf(need);

/** Far longer than any token of ours; what is longer is not worth hashing. */
const tokenLengthMax = 512;
const bearerForm = /^Bearer +([\x21-\x7e]+) *$/i;

/** @returns undefined when the header is there but holds no bearer token */
export function bearerTokenIn(header: string): string | undefined {
  if (header.length > tokenLengthMax) return undefined;
  return bearerForm.exec(header)?.[1];
}

/**
 * From what a client presents to the token it is. What is compared are digests of equal length, each time with every entry, so that
 * the time it takes says neither how much was right nor whose token it nearly was.
 */
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
