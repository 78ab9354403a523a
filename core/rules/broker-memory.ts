// PURE. What the memory ids of the brokers say. A broker that was restarted has another id than before, and may have lost the last
// records that it confirmed. One broker has one id. Of several, the ids stand in a list, in a fixed order: a record of the log is
// confirmed when a majority of them has it, so it is there for certain as long as a majority has forgotten nothing.

/** Of a broker that did not answer: it may have forgotten something or not. */
export const unknownId = "?";

const separator = ",";

export const isUnknown = (id: string): boolean => id === unknownId;
export const listOfIds = (ids: readonly string[]): string => ids.join(separator);
export const idsIn = (memory: string): readonly string[] => memory.split(separator);
export const isOfSeveral = (memory: string): boolean => memory.includes(separator);

export const isMajority = (count: number, all: number): boolean => count > all / 2;

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
 * The brokers, by their places in the list, whose ids are to be noted once they are proven. Until then such a broker may lack some of
 * what was confirmed before its id was seen, and a majority that counts it in would prove too much. That is so as well when a majority
 * has changed: then the note says that the log may have lost its end, and that stays true until they are proven.
 */
export function toBeProven(noted: string, now: string): readonly number[] {
  const before = idsIn(noted);
  return idsIn(now).flatMap((id, i) => (id !== unknownId && id !== before[i] ? [i] : []));
}

/**
 * What a master is to note next.
 * @param isProven whether it is proven of the id at this place of `now` that all that was confirmed before is there as long as ids like
 *   this one stay the same at a majority
 */
export function toBeNoted(noted: string, now: string, isProven: (index: number) => boolean): string {
  const [before, after] = [idsIn(noted), idsIn(now)];
  // Other brokers than before.
  if (before.length !== after.length) return now;
  const proven = toBeProven(noted, now).filter(isProven);
  return listOfIds(before.map((id, i) => (proven.includes(i) ? (after[i] ?? id) : id)));
}
