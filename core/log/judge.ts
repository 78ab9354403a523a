// PURE. What a copy that has applied the log up to some place does with the next record it reads.
// This is the whole fence: a master that was paused or cut off can append whatever it likes after its successor's marker,
// and every copy, its own included, drops it.

import type { Place } from "../state/znodes.ts";
import type { LogRecord, Marker } from "./record.ts";

/** How far a copy has come. `offset` is the stream's, -1 before the first record. */
export interface Applied {
  readonly position: number;
  readonly epoch: number;
  readonly offset: number;
  /** Of the record at `offset`: recognises the log when the copy comes back to it. */
  readonly checksum: string;
}

export const nothingApplied: Applied = { position: 0, epoch: 0, offset: -1, checksum: "" };

export type Verdict =
  | "apply"
  /** Read before, or published twice by its master: already in the data. */
  | "duplicate"
  /** Of a master that had a successor when this arrived: no client was told that it succeeded. */
  | "stale"
  /** Something before it is missing: this copy cannot go on and rebuilds itself. */
  | "gap";

export type Judge = (applied: Applied, record: LogRecord) => Verdict;

export function judge(applied: Applied, record: LogRecord): Verdict {
  if (record.epoch < applied.epoch) return "stale";
  if (record.kind === "marker") {
    if (record.epoch === applied.epoch) return "duplicate";
    if (record.adopts !== undefined) return goesOnFrom(applied, record) ? "apply" : "gap";
    return record.after > applied.position ? "gap" : "apply";
  }
  if (record.epoch > applied.epoch) return "gap"; // its marker never came
  if (record.position <= applied.position) return "duplicate";
  return record.position === applied.position + 1 ? "apply" : "gap";
}

const goesOnFrom = ({ epoch, position }: Place, marker: Marker): boolean =>
  marker.adopts === epoch && marker.after === position;

/**
 * For a copy that the log does not hold, whose worker wants to go on from it: what stands in the log before a marker that goes on
 * from this very copy is no part of its history, even if it would fit.
 */
export const judgeFrom =
  ({ epoch }: Place, usual: Judge = judge): Judge =>
  (applied, record) => {
    if (applied.epoch > epoch) return usual(applied, record);
    return record.kind === "marker" && record.epoch > epoch && goesOnFrom(applied, record)
      ? "apply"
      : "stale";
  };

/** Where the copy stands after applying `record`, read at `offset`. */
export const advance = (applied: Applied, record: LogRecord, offset: number, checksum: string): Applied => ({
  position: record.kind === "batch" ? record.position : applied.position,
  epoch: record.epoch,
  offset,
  checksum,
});
