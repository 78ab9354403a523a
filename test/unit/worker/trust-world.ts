// What there is in the model of trust, and what can happen in it.
import { nowhere } from "../../../core/log/place.ts";
import type { Place } from "../../../core/state/znodes.ts";

export interface Entry extends Place {
  /** Unique: two records of one place may differ. Undefined on a marker. */
  readonly id?: number;
  readonly after?: number;
  readonly adopts?: number;
}

export interface Copy {
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

export const newWorker = (name: string): Worker => ({
  name,
  copy: { place: nowhere, ids: [], last: undefined },
  runs: false,
  reads: undefined,
  gap: false,
  adopts: false,
  vouchedUnder: null,
  synced: 0,
});

export type Step =
  | { readonly kind: "write" | "read" | "look" | "elect" | "deposeMaster"; readonly who: number }
  /** `torn`: the file loses what was not synced, as by a power cut; a master syncs everything. */
  | { readonly kind: "die" | "start"; readonly who: number; readonly torn: boolean }
  /** The master lists these as its witnesses, if they may be. */
  | { readonly kind: "list"; readonly who: number }
  /** A worker is elected, lists witnesses, and acknowledges writes that some of the others read. */
  | { readonly kind: "serve"; readonly writes: number; readonly readers: number; readonly witnesses?: number }
  /** Everything stops; then the workers of `back` are there again. */
  | { readonly kind: "stopAll"; readonly lost: number; readonly back: number; readonly torn: boolean }
  | { readonly kind: "restartBroker"; readonly lost: number }
  | { readonly kind: "deleteLog" | "trimLog" | "emptyZooKeeper" };
