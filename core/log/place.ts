// PURE. Which of two copies holds more. A position alone does not say it: a copy of an earlier epoch may have records that no
// later master ever read, and then its higher position means nothing.
import type { Place } from "../state/znodes.ts";

export const nowhere: Place = { epoch: 0, position: 0 };

/** Below 0 when `a` holds less than `b`, 0 when both hold the same, above 0 when `a` holds more. */
export const comparePlaces = (a: Place, b: Place): number => a.epoch - b.epoch || a.position - b.position;

export const holdsAll = (a: Place, b: Place): boolean => comparePlaces(a, b) >= 0;

export const samePlace = (a: Place, b: Place): boolean => comparePlaces(a, b) === 0;

export const fullest = (places: readonly Place[]): Place =>
  places.reduce((best, place) => (comparePlaces(place, best) > 0 ? place : best), nowhere);

export const placeInWords = ({ epoch, position }: Place): string => `epoch ${epoch}, position ${position}`;
