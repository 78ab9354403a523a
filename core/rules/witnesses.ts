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
  /** For how long the oldest write waits for its answer; 0 when none does. */
  readonly waitedMs: number;
  readonly nowMs: number;
}

/** A slave says something every half second at least. */
const silentAfterMs = 2_000;
/** So long a write waits for a witness. Then the master goes on alone, and takes witnesses again when one has all that is answered. */
const patienceMs = 2_000;

/** Up to where each record is on the disk of a listed witness; with none listed, of the master. */
export const witnessedBy = (listed: readonly string[], heard: readonly Heard[], own: Place): Place =>
  listed.length === 0
    ? own
    : fullest(heard.filter(({ worker }) => listed.includes(worker)).map(({ place }) => place));

/**
 * One of each other host. At least one of them must hold what was answered before it was listed, or the list would say too much.
 * @returns the names of those to be listed from now on, in order
 */
export function nextWitnesses({ listed, heard, answered, waitedMs, nowMs }: Gathered): readonly string[] {
  const talking = heard.filter(({ atMs }) => nowMs - atMs < silentAfterMs);
  const isListed = ({ worker }: Heard) => Number(listed.includes(worker));
  const best = [...talking].sort((a, b) => isListed(b) - isListed(a) || comparePlaces(b.place, a.place));
  const ofEachHost = best.filter(({ host }, i) => best.findIndex((one) => one.host === host) === i);
  const isHeld = ofEachHost.some(({ place }) => holdsAll(place, answered));
  if (waitedMs >= patienceMs) return [];
  return isHeld ? ofEachHost.map(({ worker }) => worker).sort() : listed;
}
