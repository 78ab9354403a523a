// PURE: what a client may say about a user.
import { isRecord } from "./record.ts";

export interface NewUser {
  readonly username: string;
  readonly password: string;
}

/** Any text of any length but the empty one. Half a surrogate pair is no text: no copy could hand it back unchanged. */
export const isUsername = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/\p{Surrogate}/u.test(value);

/** The password arrives hashed: a SHA-1 in hexadecimal, in either case. */
export const isPassword = (value: unknown): value is string =>
  typeof value === "string" && /^[0-9a-f]{40}$/i.test(value);

export function parseNewUser(body: unknown): NewUser | undefined {
  if (!isRecord(body)) return undefined;
  const { username, password } = body;
  return isUsername(username) && isPassword(password) ? { username, password } : undefined;
}
