// PURE. Which copies on other hosts are a master's witnesses. It answers a write once one of them has it on its disk beside its
// own: then no two hosts of three that are lost at once take it along, whichever of them comes back. The list of witnesses stands
// in the znode `log`. Who leads next without the last master's copy needs all of theirs, for any of them may be the one that has it.
import { comparePlaces, fullest, holdsAll } from "../log/place.ts";
import type { Place } from "../state/znodes.ts";

export interface Heard {
  readonly worker: string;
  readonly host: string;
  /** On its disk. */
  readonly place: Place;
  readonly atMs: number;
}

export interface Gathered {
  /** By their names. */
  readonly listed: readonly string[];
  /** The last word of each slave that stands on another host than the master. */
  readonly heard: readonly Heard[];
  /** Up to where writes were answered. */
  readonly answered: Place;
  readonly nowMs: number;
}

/** A slave says something every half second at least. */
const silentAfterMs = 2_000;

/** Up to where each record is on the disk of a listed witness; with none listed, of the master. */
export const witnessedBy = (listed: readonly string[], heard: readonly Heard[], own: Place): Place =>
  listed.length === 0
    ? own
    : fullest(heard.filter(({ worker }) => listed.includes(worker)).map(({ place }) => place));

/** Of each other host the one that has most; but those that are listed stay, as long as they have all that was answered. */
export function candidates({ listed, heard, answered, nowMs }: Gathered): readonly Heard[] {
  const talking = heard.filter(({ atMs }) => nowMs - atMs < silentAfterMs);
  const rank = ({ worker, place }: Heard) =>
    holdsAll(place, answered) ? 1 + Number(listed.includes(worker)) : 0;
  const best = [...talking].sort((a, b) => rank(b) - rank(a) || comparePlaces(b.place, a.place));
  return best.filter(({ host }, i) => best.findIndex((one) => one.host === host) === i);
}

/**
 * At least one of them must hold what was answered before it was listed, or the list would say too much.
 * @returns the names of those to be listed from now on, in order; nobody where the master's copy alone has all
 */
export function nextWitnesses(gathered: Gathered): readonly string[] {
  const { listed, heard, answered } = gathered;
  const found = candidates(gathered);
  if (found.some(({ place }) => holdsAll(place, answered))) return namesOf(found);
  // They are silent, and what they have may be needed. A copy that was made anew has less than it had said.
  const isTrue = heard.some(({ worker, place }) => listed.includes(worker) && holdsAll(place, answered));
  return isTrue ? listed : [];
}

export const namesOf = (found: readonly Heard[]): readonly string[] =>
  found.map(({ worker }) => worker).sort();
