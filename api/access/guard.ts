// PURE but for its buckets: may this caller do this? Decides only; door.ts answers.
import type { AccessSpec, Role } from "../../core/access.ts";
import { type Need, suffices } from "./needs.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { bearerTokenIn, Tokens } from "./tokens.ts";

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
    if (need === "anyone" || !asksForTokens) return admitted;
    if (token === undefined)
      return { kind: "unauthenticated", why: authorization === undefined ? "missing" : "invalid" };
    if (suffices(token.role, need)) return admitted;
    return { kind: "forbidden", name: token.name, role: token.role, needed: need };
  }
}
