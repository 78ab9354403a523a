// PURE. Which copies on other hosts are a master's witnesses. It answers a write once one of them has it on its disk beside its
// own: then no two hosts of three that are lost at once take it along, whichever of them comes back. The list of witnesses stands
// in the znode `log`. Who leads next without the last master's copy needs all of theirs, for any of them may be the one that has it.
// A witness is a copy: a worker that has begun another one is another witness.
import { comparePlaces, fullest, holdsAll } from "../log/place.ts";
import type { Place } from "../state/znodes.ts";
import type { NamedCopy } from "./copy-ids.ts";

export interface Heard extends NamedCopy {
  readonly host: string;
  /** On its disk. */
  readonly place: Place;
  readonly atMs: number;
}

export interface Gathered {
  readonly listed: readonly NamedCopy[];
  /** The last word of each slave that stands on another host than the master. */
  readonly heard: readonly Heard[];
  /** Up to where writes were answered. */
  readonly answered: Place;
  /** Up to where they were half a second ago, or somewhat longer. */
  readonly answeredBefore: Place;
  readonly nowMs: number;
}

/** A slave says something every half second at least. */
const silentAfterMs = 2_000;

/** Up to where each record is on the disk of a listed witness; with none listed, of the master. */
export const witnessedBy = (listed: readonly NamedCopy[], heard: readonly Heard[], own: Place): Place =>
  listed.length === 0
    ? own
    : fullest(heard.filter((one) => includesCopy(listed, one)).map(({ place }) => place));

const includesCopy = (listed: readonly NamedCopy[], { name, copyId }: NamedCopy): boolean =>
  listed.some((one) => one.name === name && one.copyId === copyId);

/**
 * Of each other host the one that has most; but those that are listed stay as long as they keep up. What was answered this very moment
 * they need not have yet: two workers of one host would take turns with each write that a third one had first.
 */
export function candidates(gathered: Gathered): readonly Heard[] {
  const { listed, heard, answered, answeredBefore, nowMs } = gathered;
  const talking = heard.filter(({ atMs }) => nowMs - atMs < silentAfterMs);
  const rank = (one: Heard) => {
    if (includesCopy(listed, one) && holdsAll(one.place, answeredBefore)) return 2;
    return holdsAll(one.place, answered) ? 1 : 0;
  };
  const best = [...talking].sort((a, b) => rank(b) - rank(a) || comparePlaces(b.place, a.place));
  return best.filter(({ host }, i) => best.findIndex((one) => one.host === host) === i);
}

/**
 * At least one of them must hold what was answered before it was listed, or the list would say too much.
 * @returns those to be listed from now on, in the order of their names; nobody where the master's copy alone has all
 */
export function nextWitnesses(gathered: Gathered): readonly NamedCopy[] {
  const { listed, heard, answered } = gathered;
  // Rather the same ones; but if that leaves none that has all, those who have most.
  for (const answeredBefore of [gathered.answeredBefore, answered]) {
    const found = candidates({ ...gathered, answeredBefore });
    if (found.some(({ place }) => holdsAll(place, answered))) return namedInOrder(found);
  }
  // They are silent, and what they have may be needed; not that of one whose worker speaks of another copy now.
  const isTrue = heard.some((one) => includesCopy(listed, one) && holdsAll(one.place, answered));
  return isTrue ? listed.filter((one) => !isGone(one, heard)) : [];
}

const isGone = ({ name, copyId }: NamedCopy, heard: readonly Heard[]): boolean =>
  heard.some((one) => one.name === name && one.copyId !== copyId);

export const namedInOrder = (found: readonly Heard[]): readonly NamedCopy[] =>
  found.map(({ name, copyId }) => ({ name, copyId })).sort((a, b) => (a.name < b.name ? -1 : 1));
