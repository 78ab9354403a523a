// What there is in the model of trust, and what can happen in it.
import { comparePlaces, nowhere } from "../../../core/log/place.ts";
import { copyIdsOf, type NamedCopy } from "../../../core/rules/copy-ids.ts";
import type { LogNode, Place } from "../../../core/state/znodes.ts";

export interface Entry extends Place {
  /** Unique: two records of one place may differ. Undefined on a marker. */
  readonly id?: number;
  readonly after?: number;
  readonly adopts?: number;
}

export interface Copy {
  /** As long as its file; undefined by the rules of earlier versions, which knew a copy by its worker's name. */
  readonly copyId: string | undefined;
  place: Place;
  ids: readonly number[];
  /** The entry applied last; undefined before the first. */
  last: Entry | undefined;
}

export interface Worker {
  readonly name: string;
  copy: Copy;
  runs: boolean;
  /** Undefined while the copy does not read the log; the index of the next entry otherwise. */
  reads: number | undefined;
  gap: boolean;
  adopts: boolean;
  vouchedUnder: string | null;
  /** So many of its records no power cut takes from it: it has led since. */
  synced: number;
}

export const newCopy = (copyId: string | undefined): Copy => ({
  copyId,
  place: nowhere,
  ids: [],
  last: undefined,
});

export const newWorker = (name: string, copyId: string | undefined): Worker => ({
  name,
  copy: newCopy(copyId),
  runs: false,
  reads: undefined,
  gap: false,
  adopts: false,
  vouchedUnder: null,
  synced: 0,
});

export const named = ({ name, copy }: Worker): NamedCopy => ({ name, copyId: copy.copyId });
export const copyIdsIn = (workers: readonly Worker[]): Pick<LogNode, "copyIds"> =>
  copyIdsOf(workers.map(named));

/** The ids of copies that are noted, and that no worker has any more. */
export function goneIds(
  { copyIds = {} }: Pick<LogNode, "copyIds">,
  workers: readonly Worker[],
): readonly string[] {
  const there = workers.map(({ copy }) => copy.copyId);
  return Object.values(copyIds).filter((id) => !there.includes(id));
}

/** What a loss is accepted of. */
interface Losing {
  readonly workers: readonly Worker[];
  node: LogNode | null;
  acknowledged: number[];
}

/** An operator lets the fullest copy that runs go on, as if it held all. @returns the writes that are lost with that */
export function acceptLoss(model: Losing): readonly number[] {
  const running = model.workers.filter(({ runs }) => runs);
  const [fullest] = running.sort((a, b) => comparePlaces(b.copy.place, a.copy.place));
  if (fullest === undefined) return [];
  const { name, copy } = fullest;
  model.node = { broker: "", master: name, ...copy.place, ...copyIdsIn([fullest]) };
  const lost = model.acknowledged.filter((id) => !copy.ids.includes(id));
  model.acknowledged = model.acknowledged.filter((id) => copy.ids.includes(id));
  return lost;
}

/** Sets of workers are numbers with a bit for each; so are their complements, which are negative. */
export const isIn = (set: number, worker: number): boolean => ((set >> worker) & 1) === 1;

export type Step =
  | { readonly kind: "write" | "read" | "look" | "elect" | "deposeMaster"; readonly who: number }
  /** A worker is elected, and ends behind its marker, before it has noted anything. */
  | { readonly kind: "stumble"; readonly who: number }
  /** The master ends in order: its last note says that it has answered nothing beyond the place in it. */
  | { readonly kind: "resign"; readonly who: number }
  /** `torn`: the file loses what was not synced, as by a power cut; a master syncs everything. */
  | { readonly kind: "die" | "start"; readonly who: number; readonly torn: boolean }
  /** Its file is damaged, or its host replaced: it dies, and what it starts with is another copy, with nothing in it. */
  | { readonly kind: "replace"; readonly who: number }
  /** The master lists these as its witnesses, if they may be. */
  | { readonly kind: "list"; readonly who: number }
  /** A worker is elected, lists witnesses, and acknowledges writes that some of the others read. */
  | { readonly kind: "serve"; readonly writes: number; readonly readers: number; readonly witnesses?: number }
  /** Everything stops; then the workers of `back` are there again. */
  | { readonly kind: "stopAll"; readonly lost: number; readonly back: number; readonly torn: boolean }
  | { readonly kind: "restartBroker"; readonly lost: number }
  | { readonly kind: "deleteLog" | "trimLog" | "emptyZooKeeper" };

/** @returns the copy once it has read the entry; "gap" when something is missing before it */
export function applied(copy: Copy, entry: Entry): Copy | "gap" {
  const { epoch, position } = copy.place;
  if (entry.epoch < epoch) return copy;
  if (entry.id === undefined) {
    if (entry.epoch === epoch) return copy;
    const fits =
      entry.adopts === undefined
        ? (entry.after ?? 0) <= position
        : entry.adopts === epoch && entry.after === position;
    return fits ? { ...copy, place: { epoch: entry.epoch, position }, last: entry } : "gap";
  }
  if (entry.epoch > epoch) return "gap";
  if (entry.position <= position) return copy;
  if (entry.position > position + 1) return "gap";
  return { ...copy, ids: [...copy.ids, entry.id], place: { epoch, position: entry.position }, last: entry };
}

/** What is synced stays, and what is there afterwards is on the disk. */
export const afterPowerCut = ({ copy, synced }: Worker, log: readonly Entry[]): Copy =>
  copy.ids.length > synced ? withoutLast(copy, log) : copy;

/** Only within its epoch: a copy that lost its marker, too, stands where it stood before, which is the same case. */
function withoutLast(copy: Copy, log: readonly Entry[]): Copy {
  const { ids, place } = copy;
  if (copy.last?.id !== ids.at(-1)) return copy;
  const kept = ids.slice(0, -1);
  const { epoch, position } = place;
  return {
    ...copy,
    ids: kept,
    place: { epoch, position: position - 1 },
    last: entryBefore(log, place, kept.at(-1)),
  };
}

/**
 * What was applied before the record of this place: the record of that id, or the marker of the epoch where it is of an earlier one, or
 * there is none. What the log has lost is none of its entries.
 */
function entryBefore(log: readonly Entry[], { epoch, position }: Place, id: number | undefined): Entry {
  const record = id === undefined ? undefined : log.find((one) => one.id === id);
  if (record?.epoch === epoch) return record;
  const marker = log.find((one) => one.epoch === epoch && one.id === undefined);
  const isNext = id === undefined || record !== undefined || marker?.after === position - 1;
  return marker !== undefined && isNext ? marker : { ...nowhere, id: -1 };
}
