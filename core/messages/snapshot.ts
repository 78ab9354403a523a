// PURE: how a worker is asked for a whole copy of its database, and what it sends. Other workers ask for one, and the API for a backup.
// The donor sends messages to the receiver's temporary queue; the first byte of each says what it is.
import type { Place } from "../state/znodes.ts";

/** The queue on which a worker takes requests for a snapshot. */
export const snapshotQueue = (guid: string): string => `snapshot.${guid}`;

/** So many chunks may wait for the receiver: the broker must not have to keep a whole database. */
export const chunksAheadMax = 16;

/** The receiver hears of the donor this often at least, also when the disks are slow. */
export const heardWithinMs = 30_000;

export const marks = {
  chunk: 0,
  end: 1,
  /** The donor is at it: the copy is being made. */
  alive: 2,
  /** Once, before the first chunk, where it was asked for. */
  head: 3,
} as const;

/** An empty request asks for chunks and their end alone, as workers of earlier versions send it. */
export interface SnapshotRequest {
  readonly head?: true;
}

/** What the copy holds, and its size. */
export interface SnapshotHead extends Place {
  readonly bytes: number;
}

export interface SnapshotEnd {
  readonly bytes: number;
  readonly sha256: string;
}

export const headRequest = (): Buffer =>
  Buffer.from(JSON.stringify({ head: true } satisfies SnapshotRequest));

/** What cannot be read asks for nothing beside. */
export function asksForHead(content: Buffer): boolean {
  if (content.length === 0) return false;
  try {
    return (JSON.parse(content.toString("utf8")) as SnapshotRequest).head === true;
  } catch {
    return false;
  }
}

export const marked = (mark: number, value: object): Buffer =>
  Buffer.concat([Buffer.of(mark), Buffer.from(JSON.stringify(value))]);
