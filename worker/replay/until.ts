// PURE: judges records until the one that is beyond the target of a restore. From there on nothing is applied any more.
import { type Applied, type Judge, judge, type LogRecord } from "../../core/log/record.ts";
import type { Target } from "../../core/rules/backups.ts";

export class Until {
  readonly #target: Target;
  /** The log holds so much, and more may come while it is read. */
  readonly #endPosition: number;
  #isBeyond = false;
  /** The record that the copy applied last was judged as well: it is the first that the log gives. */
  #hasSeenLast = false;
  #isLastLater = false;
  /** When the last record that was applied was written; undefined before the first. */
  lastAtMs: number | undefined;

  constructor(target: Target, endPosition: number) {
    this.#target = target;
    this.#endPosition = endPosition;
  }

  readonly judge: Judge = (applied, record) => {
    if (this.#isBeyond) return "stale";
    const isFirst = !this.#hasSeenLast;
    this.#hasSeenLast = true;
    const verdict = judge(applied, record);
    if (record.kind !== "batch") {
      // Of a marker that the copy applied last, and not of the write before it, it is known when it was written.
      if (isFirst && verdict === "duplicate") this.#isLastLater ||= this.#isOfLater(record);
      return verdict;
    }
    if (verdict === "duplicate" && record.position === applied.position)
      this.#isLastLater ||= this.#exceeds(record);
    if (verdict !== "apply") return verdict;
    if (this.#exceeds(record)) {
      this.#isBeyond = true;
      return "stale";
    }
    this.lastAtMs = record.atMs;
    return verdict;
  };

  /** The copy holds something that is beyond the target: no record takes that away. */
  holdsMore({ position }: Applied): boolean {
    return this.#isLastLater || ("position" in this.#target && position > this.#target.position);
  }

  /** Of a position the copy itself says whether it is there; of a moment only the records say it. */
  isAt({ position }: Applied): boolean {
    return "position" in this.#target && position === this.#target.position;
  }

  /** There is nothing to read, and nothing to compare. */
  needsNoLog(applied: Applied): boolean {
    return (
      applied.offset < 0 && this.#endPosition === 0 && ("momentMs" in this.#target || this.isAt(applied))
    );
  }

  isEnough(applied: Applied): boolean {
    if (this.#isBeyond || this.holdsMore(applied) || this.isAt(applied)) return true;
    if (this.needsNoLog(applied)) return true;
    return this.#hasSeenLast && applied.position >= this.#endPosition;
  }

  #exceeds(record: Extract<LogRecord, { readonly kind: "batch" }>): boolean {
    return "position" in this.#target ? record.position > this.#target.position : this.#isOfLater(record);
  }

  #isOfLater({ atMs }: LogRecord): boolean {
    return "momentMs" in this.#target && atMs > this.#target.momentMs;
  }
}
