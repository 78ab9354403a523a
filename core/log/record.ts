// One record of the log in syncQ: what it says, its bytes, and what a copy does with it, which is the fence. Everything stands in the
// body, with a checksum before it: headers do not survive every protocol conversion, and a reader must be able to judge a record from
// its bytes alone.
import { crc32 } from "node:zlib";
import type { Param, WriteShape } from "../messages/statement.ts";
import type { Schema } from "../schema.ts";
import type { Place } from "../state/znodes.ts";

/** What a record does to the data. Every copy computes the same from it: no clock, no chance, no order of rows. */
export type Effect =
  | { readonly shape: WriteShape; readonly rows: readonly (readonly Param[])[]; readonly seen?: Seen }
  /**
   * Brings the tables from the schema the copy has to this one. The tables that it releases are the manifest's no longer; they stay as
   * they are, and SQL may drop them.
   */
  | { readonly schema: Schema; readonly releases?: readonly string[] }
  /** Forgets idempotency keys that were recorded before these moments of log time, and raises the floors that replace them. */
  | { readonly expireKeys: { readonly clientBeforeMs: number; readonly ownBeforeMs: number } };

/** Of SQL: the time and chance it ran with, and what came of it on its master. A copy on which something else comes of it is damaged. */
export interface Seen {
  /** Unix ms: what `now` is in the statement. */
  readonly atMs: number;
  /** Of random() and randomblob(); absent where the statement asked for neither. */
  readonly seed?: string;
  readonly rowsAffected: number;
  /** Decimal digits; absent where it inserted no row with a number. */
  readonly lastInsertRowid?: string;
  /** A hash of the rows that it returned, where it did. */
  readonly returned?: string;
  /** That references to other rows were not heeded, or looked at in the end: its request has said so. */
  readonly references?: "off" | "deferred";
}

/** An idempotency key with what was answered under it. */
export interface KeyEntry {
  readonly key: string;
  readonly hash?: string;
  /** With a client's key: the message that it came in first. A key of the API's own begins with it. */
  readonly message?: string;
  readonly ok: boolean;
  /** JSON text of the answer's body. */
  readonly answer: string;
}

/** A new master's first word. It takes no position: its writer does not yet know how long the log is. */
export interface Marker {
  readonly kind: "marker";
  readonly epoch: number;
  /**
   * The position that its writer's copy had reached. A copy that reads up to here and has less lacks something that this log does
   * not hold: it was made anew since, or lost its end.
   */
  readonly after: number;
  /**
   * Set when the log before this marker does not hold what its writer's copy does: the epoch of that copy. The log goes on from
   * it alone, so only a copy that stands at exactly this epoch and `after` can read on; what it lacks or has more is elsewhere.
   */
  readonly adopts?: number;
  readonly master: string;
  readonly atMs: number;
}

export interface BatchRecord {
  readonly kind: "batch";
  readonly epoch: number;
  /** Gapless over the whole life of the log, over all masters: the unit of lag, freshness and `X-DBaaS-Position`. */
  readonly position: number;
  /** Unix ms by its master's clock: what SQL in it takes for now. Nothing of the service is decided by it. */
  readonly atMs: number;
  /** Log time: what the age of keys is counted in. Absent in records of an earlier version, where `atMs` was. */
  readonly logMs?: number;
  readonly effects: readonly Effect[];
  readonly keys: readonly KeyEntry[];
}

export type LogRecord = Marker | BatchRecord;

const formatVersion = "1";
const headLength = 10; // version, 8 hex digits of the checksum, a space

export class CorruptRecordError extends Error {
  override readonly name = "CorruptRecordError";
}

const checksum = (body: Buffer): string => crc32(body).toString(16).padStart(8, "0");

export function encodeRecord(record: LogRecord): Buffer {
  const body = Buffer.from(JSON.stringify(record));
  return Buffer.concat([Buffer.from(`${formatVersion}${checksum(body)} `), body]);
}

/** The checksum a record carries: tells two records with one place in the log apart. */
export const checksumOf = (content: Buffer): string => content.toString("latin1", 1, headLength - 1);

/** @throws CorruptRecordError on an unknown format or a checksum that does not fit */
export function decodeRecord(content: Buffer): LogRecord {
  if (content.toString("latin1", 0, 1) !== formatVersion)
    throw new CorruptRecordError("log record of an unknown format version");
  const body = content.subarray(headLength);
  if (checksum(body) !== checksumOf(content))
    throw new CorruptRecordError("log record with a wrong checksum");
  return JSON.parse(body.toString("utf8")) as LogRecord;
}

/** A key, its hash and its message, about: what is left to measure is measured before a record is sent. */
export const keyBytes = 200;

/** About how much of a record the rows take. Making its text a second time would cost a bulk load a tenth. */
export function bytesOfRows(rows: readonly (readonly Param[])[]): number {
  let bytes = 0;
  for (const row of rows) for (const param of row) bytes += bytesOfParam(param);
  return bytes;
}

const bytesOfParam = (param: Param): number => {
  if (typeof param === "string") return param.length + 3;
  if (Array.isArray(param)) return bytesOfRows([param]);
  return typeof param === "object" && param !== null ? JSON.stringify(param).length : 8;
};

const shapeBytes = new WeakMap<WriteShape, number>();

/** In the record each request has its own copy of the shape that it shared in its message. */
export function bytesOfShape(shape: WriteShape): number {
  const known = shapeBytes.get(shape);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(JSON.stringify(shape));
  shapeBytes.set(shape, bytes);
  return bytes;
}

// What a copy that has applied the log up to some place does with the next record it reads. This is the whole fence: a master that was
// paused or cut off can append whatever it likes after its successor's marker, and every copy, its own included, drops it.

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
