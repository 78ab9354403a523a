// PURE: events have no numbers of their own, but a time, and an order among those of one time. Both together name the event
// after which a listener wants to go on; what came after it is what stands behind it, for the clocks of two controllers differ.
import type { NumberedEvent } from "../../core/state/stats.ts";
import type { EventRecord } from "../../core/state/status.ts";

/** `1732350000123-0` */
export function numbered(events: readonly EventRecord[]): readonly NumberedEvent[] {
  const told = new Map<number, number>();
  return events.map((event) => {
    const place = told.get(event.atMs) ?? 0;
    told.set(event.atMs, place + 1);
    return { id: `${event.atMs}-${place}`, ...event };
  });
}

const idForm = /^(\d{1,16})(?:-(\d{1,9}))?$/;

/**
 * @param since an event's id, or a Unix time in ms
 * @returns those that came after it, all when it is neither; by the time alone where no event has that id: it was cut off, or this
 * process has not heard of it yet
 */
export function eventsAfter(
  events: readonly NumberedEvent[],
  since: string | null,
): readonly NumberedEvent[] {
  const asked = since === null ? null : placeOf(since);
  if (asked === null) return events;
  const index = events.findLastIndex(({ id }) => id === since);
  if (index >= 0) return events.slice(index + 1);
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
