// PURE: does a page of another site speak through its visitor's browser? A browser sends such a request with whatever access
// the visitor's machine has, so that an address that only the inside can reach protects nothing. A token protects: no page
// can send one that it does not know. While there are none, two things tell: what the browser says of the page that asks, and
// the name under which it found this service. A page whose own name was made to lead here asks as its own origin, under a
// name that is not this service's.
import { isIP } from "node:net";

export interface Asked {
  readonly method?: string | undefined;
  readonly headers: {
    readonly host?: string | undefined;
    readonly origin?: string | undefined;
    readonly [name: string]: string | readonly string[] | undefined;
  };
}

/** Names that lead nowhere outside: no one else can own them. */
const insideSuffixes = [".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test"] as const;

/** @returns why it is not answered, or undefined */
export function refusalOfForeign(asked: Asked, knows: (name: string) => boolean): string | undefined {
  const { method, headers } = asked;
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

/** `[::1]:80` -> `::1` */
function nameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d*$/, "")).toLowerCase().replace(/\.$/, "");
}

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
