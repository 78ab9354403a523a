// PURE. What the checker needs of one message of the log.
import { type BatchRecord, decodeRecord, type LogRecord } from "../../../core/log/record.ts";

/** Whatever the nemesis puts into the log says so with this word. */
export const injectedMark = "injected";

export interface LogLine {
  readonly offset: number;
  readonly kind: "marker" | "batch" | "unreadable";
  readonly epoch: number;
  /** 0 for a marker. */
  readonly position: number;
  /** Of a marker: the position that its master's copy had reached. */
  readonly after?: number;
  /** Of a marker: the log before it does not hold what its master's copy does, and goes on from that copy. */
  readonly adopts?: boolean;
  /** Of its requests, those that succeeded. */
  readonly keys: readonly string[];
  /** The nemesis put it there, no master. */
  readonly injected: boolean;
}

export function logLineOf(content: Buffer, offset: number): LogLine {
  const record = recordIn(content);
  if (record === null) {
    const injected = content.includes(injectedMark);
    return { offset, kind: "unreadable", epoch: 0, position: 0, keys: [], injected };
  }
  const { kind, epoch } = record;
  if (kind === "marker")
    return {
      offset,
      kind,
      epoch,
      position: 0,
      after: record.after,
      adopts: record.adopts !== undefined,
      keys: [],
      injected: record.master === injectedMark,
    };
  const keys = record.keys.filter(({ ok }) => ok).map(({ key }) => key);
  return { offset, kind, epoch, position: record.position, keys, injected: isForged(record) };
}

function recordIn(content: Buffer): LogRecord | null {
  try {
    return decodeRecord(content);
  } catch {
    return null;
  }
}

/** By what it does, not by its keys: a master rightly keeps what it refused under a key of the nemesis. */
const isForged = ({ effects }: BatchRecord): boolean => JSON.stringify(effects).includes(injectedMark);
