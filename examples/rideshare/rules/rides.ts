// PURE: what a client may say about a ride.

import { parseRoute, type Route } from "./localities.ts";
import { isRecord } from "./record.ts";
import { isTimestamp } from "./timestamp.ts";
import { isUsername } from "./users.ts";

export interface NewRide extends Route {
  readonly createdBy: string;
  readonly timestamp: string;
}

export function parseNewRide(body: unknown): NewRide | undefined {
  if (!isRecord(body)) return undefined;
  const { created_by: createdBy, timestamp, source, destination } = body;
  const route = parseRoute(source, destination);
  if (!isUsername(createdBy) || !isTimestamp(timestamp) || route === undefined) return undefined;
  return { createdBy, timestamp, ...route };
}

export function parseJoin(body: unknown): string | undefined {
  const username = isRecord(body) ? body.username : undefined;
  return isUsername(username) ? username : undefined;
}

/**
 * A whole number of any length names a ride. One beyond what the database counts up to names a ride nobody has.
 * @returns undefined when the text is no whole number
 */
export function parseRideId(text: string | undefined): number | "unknown" | undefined {
  if (text === undefined || !/^-?[0-9]+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : "unknown";
}
