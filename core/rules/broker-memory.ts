// PURE. What the memory ids of the brokers say. A broker that was restarted has another id than before, and may have lost the last
// records that it confirmed. One broker has one id. Of several, the ids stand in a list, in a fixed order: a record of the log is
// confirmed when a majority of them has it, so it is there for certain as long as a majority has forgotten nothing.

/** Of a broker that did not answer: it may have forgotten something or not. */
export const unknownId = "?";

const separator = ",";

export const isUnknown = (id: string): boolean => id === unknownId;
export const listOfIds = (ids: readonly string[]): string => ids.join(separator);
export const idsIn = (memory: string): readonly string[] => memory.split(separator);

const isMajority = (count: number, all: number): boolean => count > all / 2;

/** A majority of the brokers has forgotten nothing since their ids were noted. */
export function sameMemory(noted: string, now: string): boolean {
  const [before, after] = [idsIn(noted), idsIn(now)];
  if (before.length !== after.length) return false;
  const kept = before.filter((id, i) => id !== unknownId && id === after[i]);
  return isMajority(kept.length, before.length);
}

/** A majority of the brokers has certainly been restarted since. */
export function lostMemory(noted: string, now: string): boolean {
  const [before, after] = [idsIn(noted), idsIn(now)];
  if (before.length !== after.length) return true;
  const changed = before.filter((id, i) => id !== unknownId && after[i] !== unknownId && id !== after[i]);
  return isMajority(changed.length, before.length);
}

/**
 * What is to be noted next. An id that has changed is noted once it was seen for long enough: until then its broker may not have
 * all records yet, and a majority that counts it in would prove too much.
 * @param isSettled whether the id at this place of `now` was seen for long enough
 */
export function toBeNoted(noted: string, now: string, isSettled: (index: number) => boolean): string {
  if (!sameMemory(noted, now)) return now;
  const after = idsIn(now);
  return listOfIds(
    idsIn(noted).map((id, i) => {
      const next = after[i] ?? unknownId;
      return next !== unknownId && isSettled(i) ? next : id;
    }),
  );
}
