// Events have no numbers of their own, and the clock that tells their time is that of whichever host's controller acts: it may go back.
// What is certain is their order: each is added behind all others, and the list is cut at its beginning.
import type { EventRecord } from "./status.ts";

/** @returns those behind the last one that was known; none where the list is an older one, all where the known ones were cut off */
export function eventsBehind<T extends EventRecord>(
  known: readonly EventRecord[],
  events: readonly T[],
): readonly T[] {
  const isKnown = (one: EventRecord): boolean => known.some((other) => isSame(one, other));
  return events.slice(events.findLastIndex(isKnown) + 1);
}

/** By what was told, not by an id, which says at what place in the list it stands. */
const isSame = (a: EventRecord, b: EventRecord): boolean =>
  a.atMs === b.atMs &&
  a.reconcile === b.reconcile &&
  a.severity === b.severity &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.worker === b.worker;
