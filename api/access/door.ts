// PURE but for what it holds. The front door: every request passes it once, with what its route needs. Open unless the manifest says
// otherwise, but not to pages of other sites. It stays closed until it is known what the manifest says: a restart must not leave it
// ajar. It decides, and the routes answer.
import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { AccessSpec, Role } from "../../core/access.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Headers, HttpRefusal } from "../http/refusals.ts";
import { Guard, type Need, type Verdict } from "./guard.ts";
import { networkOf } from "./rate-limiter.ts";

export type Access = AccessSpec | "unknown";

/** What is asked, and by whom: an `IncomingMessage`. */
interface Asked {
  readonly method?: string | undefined;
  readonly headers: {
    readonly authorization?: string | undefined;
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly [name: string]: string | readonly string[] | undefined;
  };
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** Why a request may not go on, with the headers that say so. */
type TurnedAway = readonly [refusal: HttpRefusal, headers?: Headers];

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

  /** Told whenever other rules hold: what was let in before and is still inside must pass again. */
  onChange(told: () => void): void {
    this.#onChange = told;
  }

  /** @returns undefined when the request may go on */
  turnsAway(req: Asked, need: Need): TurnedAway | undefined {
    const foreign = this.#hosts && refusalOfForeign(req, this.#hosts.has);
    if (foreign !== undefined) return [{ code: "forbidden", message: foreign }];
    if (this.#guard === undefined) return undefined;
    if (this.#guard === "closed") return need === "anyone" ? undefined : [notYet];
    const caller = {
      authorization: req.headers.authorization,
      network: networkOf(req.socket.remoteAddress),
    };
    const verdict = this.#guard.judge(caller, need, this.#clock.monotonicMs());
    return verdict.kind === "admitted" ? undefined : [refusalOf(verdict), [headerOf(verdict)]];
  }

  /** Of a request that was let in: what says why it may not do what asks for more than its route does. */
  forbids({ headers: { authorization } }: Pick<Asked, "headers">): (need: Role) => HttpRefusal | undefined {
    if (this.#guard === undefined) return () => undefined;
    if (this.#guard === "closed") return () => notYet;
    const judge = this.#guard.judgeAgain(authorization);
    return (need) => {
      const verdict = judge(need);
      return verdict.kind === "admitted" ? undefined : refusalOf(verdict);
    };
  }
}

function guardOf(access: Access): Guard | "closed" | undefined {
  if (access === "unknown") return "closed";
  return access.tokens.length === 0 && access.rateLimit.perSecond === 0 ? undefined : new Guard(access);
}

/** A controller of an earlier version says nothing of names. */
const hostsOf = (access: Access): KnownHosts | undefined =>
  access === "unknown" || access.tokens.length > 0 ? undefined : new KnownHosts(access.hosts ?? []);

const notYet = { code: "unavailable", message: "it is not known yet who may ask what" } as const;

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

function headerOf(verdict: Refused): [string, string] {
  switch (verdict.kind) {
    case "limited":
      return ["Retry-After", String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1_000)))];
    case "unauthenticated":
      return ["WWW-Authenticate", verdict.why === "missing" ? realm : `${realm}, error="invalid_token"`];
    case "forbidden":
      return ["WWW-Authenticate", `${realm}, error="insufficient_scope", scope="${verdict.needed}"`];
  }
}

// Does a page of another site speak through its visitor's browser? A browser sends such a request with whatever access the visitor's
// machine has, so that an address that only the inside can reach protects nothing. A token protects: no page can send one that it does
// not know. While there are none, two things tell: what the browser says of the page that asks, and the name under which it found this
// service. A page whose own name was made to lead here asks as its own origin, under a name that is not this service's.

/** @returns why it is not answered, or undefined */
function refusalOfForeign({ method, headers }: Asked, knows: (name: string) => boolean): string | undefined {
  const site = headers["sec-fetch-site"];
  if (method === "GET" || method === "HEAD")
    return site === "cross-site" && headers["sec-fetch-mode"] !== "navigate" ? anotherSite : undefined;
  const forwarded = firstOf(headers["x-forwarded-host"]);
  if (
    site === undefined ? isOther(headers.origin, [headers.host, forwarded]) : !ownSites.includes(String(site))
  )
    return anotherSite;
  for (const host of [headers.host, forwarded])
    if (host !== undefined && !knows(host))
      return `the name ${nameOf(host).slice(0, 255)} is not known here: add it to access.hosts in the manifest, or name tokens there`;
  return undefined;
}

const anotherSite = "a page of another site may not ask this while the manifest names no tokens";
/** `none`: the person, not a page. */
const ownSites: readonly string[] = ["same-origin", "none"];

const firstOf = (header: string | readonly string[] | undefined): string | undefined =>
  (typeof header === "string" ? header : header?.[0])?.split(",")[0]?.trim();

function isOther(origin: string | undefined, hosts: readonly (string | undefined)[]): boolean {
  if (origin === undefined) return false;
  const own = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  return own === undefined || !hosts.some((host) => host !== undefined && sameHost(host, own));
}

const withoutUsualPort = (host: string): string => host.toLowerCase().replace(/:(80|443)$/, "");
const sameHost = (a: string, b: string): boolean => withoutUsualPort(a) === withoutUsualPort(b);

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

/** `[::1]:80` -> `::1` */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d*$/, "")).toLowerCase().replace(/\.$/, "");
}

/** Names that lead nowhere outside: no one else can own them. */
const insideSuffixes = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test"] as const;

/**
 * Whether a name can be this service's: an address, a name without a dot as machines and containers have, one that exists
 * only inside, or one that the manifest lists.
 */
export function knownHost(host: string, listed: readonly string[]): boolean {
  const name = nameOf(host);
  if (isIP(name) !== 0 || !name.includes(".")) return true;
  if (insideSuffixes.some((suffix) => name.endsWith(suffix))) return true;
  return listed.some(
    (one) => one === "*" || one === name || (one.startsWith("*.") && name.endsWith(one.slice(1))),
  );
}
