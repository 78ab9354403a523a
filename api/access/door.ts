// The front door: every request passes it once, with what its route needs. Open unless the manifest says otherwise, but
// not to pages of other sites. It stays closed until it is known what the manifest says: a restart must not leave it ajar.
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { AccessSpec, Role } from "../../core/access.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type HttpRefusal, refuse } from "../http/refusals.ts";
import { knownHost, refusalOfForeign } from "./foreign.ts";
import { Guard, type Need, type Verdict } from "./guard.ts";
import { networkOf } from "./rate-limiter.ts";

export type Access = AccessSpec | "unknown";

export class Door {
  readonly #clock: Clock;
  #access: Access;
  /** Undefined while the door is open. */
  #guard: Guard | "closed" | undefined;
  /** Undefined where tokens are asked for. */
  #hosts: KnownHosts | undefined;
  #onChange: (() => void) | undefined;

  constructor(clock: Clock, first: Access) {
    this.#clock = clock;
    this.#access = first;
    this.#guard = guardOf(first);
    this.#hosts = hostsOf(first);
  }

  /** Goes by this from now on. The same again changes nothing: what callers have used up stays used up. */
  readonly goBy = (access: AccessSpec): void => {
    if (isDeepStrictEqual(access, this.#access)) return;
    this.#access = access;
    this.#guard = guardOf(access);
    this.#hosts = hostsOf(access);
    this.#onChange?.();
  };

  #isForeign(req: IncomingMessage, res: ServerResponse): boolean {
    if (this.#hosts === undefined) return false;
    const why = refusalOfForeign(req, this.#hosts.has);
    return why !== undefined && !refused(res, { code: "forbidden", message: why });
  }

  /** Told whenever other rules hold: what was let in before and is still inside must pass again. */
  onChange(told: () => void): void {
    this.#onChange = told;
  }

  /** @returns whether the request may go on; if not, it is answered */
  admits(req: IncomingMessage, res: ServerResponse, need: Need): boolean {
    if (this.#isForeign(req, res)) return false;
    if (this.#guard === undefined) return true;
    if (this.#guard === "closed") return need === "anyone" || refused(res, notYet);
    const caller = {
      authorization: req.headers.authorization,
      network: networkOf(req.socket.remoteAddress),
    };
    const verdict = this.#guard.judge(caller, need, this.#clock.monotonicMs());
    return verdict.kind === "admitted" || turnAway(res, verdict);
  }

  /** Of a request that was let in: what says why it may not do what asks for more than its route does. */
  forbids({ headers: { authorization } }: IncomingMessage): (need: Role) => HttpRefusal | undefined {
    if (this.#guard === undefined) return () => undefined;
    if (this.#guard === "closed") return () => notYet;
    const judge = this.#guard.judgeAgain(authorization);
    return (need) => {
      const verdict = judge(need);
      return verdict.kind === "admitted" ? undefined : refusalOf(verdict);
    };
  }
}

const sameNames = 4;

/** Remembers the last names that were asked for: nearly every request comes under one of a few. */
class KnownHosts {
  readonly #listed: readonly string[];
  readonly #seen = new Map<string, boolean>();

  constructor(listed: readonly string[]) {
    this.#listed = listed;
  }

  readonly has = (host: string): boolean => {
    const seen = this.#seen.get(host);
    if (seen !== undefined) return seen;
    if (this.#seen.size >= sameNames) this.#seen.clear();
    const known = knownHost(host, this.#listed);
    this.#seen.set(host, known);
    return known;
  };
}

function guardOf(access: Access): Guard | "closed" | undefined {
  if (access === "unknown") return "closed";
  return access.tokens.length === 0 && access.rateLimit.perSecond === 0 ? undefined : new Guard(access);
}

/** A controller of an earlier version says nothing of names. */
const hostsOf = (access: Access): KnownHosts | undefined =>
  access === "unknown" || access.tokens.length > 0 ? undefined : new KnownHosts(access.hosts ?? []);

const notYet = { code: "unavailable", message: "it is not known yet who may ask what" } as const;

function refused(...refusal: Parameters<typeof refuse>): false {
  refuse(...refusal);
  return false;
}

const realm = 'Bearer realm="mini-dbaas"';

const lacksRole = ({ name, role, needed }: Extract<Verdict, { readonly kind: "forbidden" }>): string =>
  `this needs the role ${needed}; the token ${name} has the role ${role}`;

type Refused = Exclude<Verdict, { readonly kind: "admitted" }>;

function refusalOf(verdict: Refused): HttpRefusal {
  switch (verdict.kind) {
    case "limited":
      return { code: "rate_limited", message: "this is more than the limit of requests" };
    case "unauthenticated":
      return {
        code: "unauthenticated",
        message:
          verdict.why === "missing" ? "a bearer token is needed" : "this is no token that is known here",
      };
    case "forbidden":
      return { code: "forbidden", message: lacksRole(verdict) };
  }
}

function headersOf(verdict: Refused): [string, string] {
  switch (verdict.kind) {
    case "limited":
      return ["Retry-After", String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1_000)))];
    case "unauthenticated":
      return ["WWW-Authenticate", verdict.why === "missing" ? realm : `${realm}, error="invalid_token"`];
    case "forbidden":
      return ["WWW-Authenticate", `${realm}, error="insufficient_scope", scope="${verdict.needed}"`];
  }
}

const turnAway = (res: ServerResponse, verdict: Refused): false =>
  refused(res, refusalOf(verdict), [headersOf(verdict)]);
