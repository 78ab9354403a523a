// PURE. The log, judged once more from its bytes, by rules written down here anew: epochs only grow, the positions of what
// counts have no gap, every key counts once, and what was acknowledged stands at the position that was answered.
import type { Violation, Write } from "../history.ts";
import type { LogLine } from "./log-line.ts";

/** The log from one making of the stream to its loss. */
export interface LogLife {
  readonly lines: readonly LogLine[];
}

export interface LogFindings {
  readonly violations: readonly Violation[];
  /** Records that count, and those that every copy must drop. */
  readonly counted: number;
  readonly stale: number;
  readonly repeated: number;
  readonly epochs: number;
}

export function checkLog(lives: readonly LogLife[], writes: readonly Write[]): LogFindings {
  const reading = new Reading();
  for (const { lines } of lives) {
    reading.beginLife(lines[0]);
    for (const line of lines) reading.take(line);
  }
  const lost = writes.flatMap((write) => reading.misplaced(write) ?? []);
  const { counted, stale, repeated, epochs } = reading;
  return { violations: [...reading.violations, ...lost], counted, stale, repeated, epochs };
}

class Reading {
  readonly violations: Violation[] = [];
  counted = 0;
  stale = 0;
  repeated = 0;
  epochs = 0;
  #epoch = 0;
  #position = 0;
  #lives = 0;
  /** The first batch of a log that was made anew goes on wherever the best copy stood. */
  #mayJump = false;
  #jumped = false;
  readonly #positions = new Map<string, number>();

  beginLife(first: LogLine | undefined): void {
    this.#lives += 1;
    // Before the first look the log may have been trimmed, and the marker of its first batch with what came before it; or it was
    // made anew, and then its first marker says how far the copy was that it goes on from.
    const trimmed = first !== undefined && (first.offset > 0 || (first.after ?? 0) > 0);
    this.#mayJump = this.#lives > 1 || trimmed;
    if (this.#mayJump) this.#jumped = true;
    if (trimmed && first.epoch > this.#epoch) this.#epoch = first.epoch;
  }

  take(line: LogLine): void {
    if (line.kind === "unreadable") {
      if (!line.injected) this.#violate("an unreadable record", line, "");
      return;
    }
    if (line.epoch < this.#epoch) {
      this.stale += 1;
      return;
    }
    if (line.kind === "marker") {
      if (line.epoch > this.#epoch) this.epochs += 1;
      if (line.epoch > this.#epoch && line.adopts === true) this.#goOnFrom(line.after ?? 0);
      this.#epoch = line.epoch;
      return;
    }
    this.#takeBatch(line);
  }

  /** The log had lost its end: what is missing stands in the copies alone. */
  #goOnFrom(after: number): void {
    this.#position = after;
    this.#mayJump = false;
    this.#jumped = true;
  }

  #takeBatch(line: LogLine): void {
    if (line.position <= this.#position && line.epoch === this.#epoch) {
      this.repeated += 1;
      return;
    }
    const follows = line.position === this.#position + 1 || this.#mayJump;
    if (line.epoch > this.#epoch || !follows) {
      // What the nemesis wrote every copy must pass over, and so does this reading.
      const here = `after epoch ${this.#epoch}, position ${this.#position}`;
      if (!line.injected) this.#violate("a gap in the log", line, here);
      return;
    }
    this.#mayJump = false;
    if (line.injected) this.#violate("an injected record counts", line, "");
    this.#count(line);
  }

  #count(line: LogLine): void {
    this.#position = line.position;
    this.counted += 1;
    for (const key of line.keys) {
      const before = this.#positions.get(key);
      if (before !== undefined) this.#violate("a key counts twice", line, `${key} also at ${before}`);
      this.#positions.set(key, line.position);
    }
  }

  /** After the log was made anew, records between the last look and its loss were never seen here. */
  misplaced(write: Write): Violation | null {
    if (write.key === null || write.outcome !== "acked") return null;
    const position = this.#positions.get(`c:${write.key}`);
    if (position === write.position || (position === undefined && this.#jumped)) return null;
    return {
      rule: "an acknowledged write does not stand where it was answered to stand",
      evidence: `${write.key}: answered ${write.position}, in the log at ${position ?? "no position"}`,
    };
  }

  #violate(rule: string, { kind, epoch, position, offset }: LogLine, detail: string): void {
    const where = `${kind} at offset ${offset}, epoch ${epoch}, position ${position}`;
    this.violations.push({ rule, evidence: detail === "" ? where : `${where}: ${detail}` });
  }
}
