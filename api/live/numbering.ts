// PURE: events have no numbers of their own, but a time, and an order among those of one time. Both together say after
// which event a listener wants to go on.
import type { NumberedEvent } from "../../core/state/stats.ts";
import type { EventRecord } from "../../core/state/status.ts";

/** `1732350000123-0` */
export function numbered(events: readonly EventRecord[]): readonly NumberedEvent[] {
  let atMs = Number.NaN;
  let place = 0;
  return events.map((event) => {
    place = event.atMs === atMs ? place + 1 : 0;
    atMs = event.atMs;
    return { id: `${atMs}-${place}`, ...event };
  });
}

const idForm = /^(\d{1,16})(?:-(\d{1,9}))?$/;

/** @param since an event's id, or a Unix time in ms; @returns those that came after it, all when it is neither */
export function eventsAfter(
  events: readonly NumberedEvent[],
  since: string | null,
): readonly NumberedEvent[] {
  const asked = since === null ? null : placeOf(since);
  if (asked === null) return events;
  return events.filter(({ id }) => {
    const place = placeOf(id);
    return (
      place !== null && (place.atMs > asked.atMs || (place.atMs === asked.atMs && place.nth > asked.nth))
    );
  });
}

function placeOf(id: string): { readonly atMs: number; readonly nth: number } | null {
  const match = idForm.exec(id);
  return match === null
    ? null
    : { atMs: Number(match[1]), nth: match[2] === undefined ? -1 : Number(match[2]) };
}
