// Who may ask the API what, as the manifest says it. Tokens themselves stand nowhere: only their SHA-256 does, which is
// enough because they are long and random.

/** Each may do what the one before it may. */
export const roles = ["reader", "writer", "admin"] as const;
export type Role = (typeof roles)[number];

export interface AccessToken {
  /** For people, and for the limit that holds for each token. */
  readonly name: string;
  readonly role: Role;
  /** Of the token's characters, in 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface RateLimitSpec {
  /** Of each token, or of each address where there is none. 0: no limit. */
  readonly perSecond: number;
  /** How many may come at once. */
  readonly burst: number;
}

export interface AccessSpec {
  /** None: everybody may ask everything. */
  readonly tokens: readonly AccessToken[];
  readonly rateLimit: RateLimitSpec;
  /** Names with a dot under which the service may be asked for changes while there are no tokens. */
  readonly hosts: readonly string[];
}

export const openAccess: AccessSpec = { tokens: [], rateLimit: { perSecond: 0, burst: 0 }, hosts: [] };
