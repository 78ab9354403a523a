// Counts requests to db/read for the scaling, in a znode that only ever grows: the controller takes differences, so that
// nothing is reset by two writers and no restart loses or doubles a window.

import { messageOf } from "../../core/errors.ts";
import { fromJson, type ReadsNode, toJson } from "../../core/state/znodes.ts";
import type { Cancel, Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Znodes } from "./znodes.ts";

export class ReadCounter {
  readonly #path: string;
  readonly #flushEveryMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #znodes: Znodes | undefined;
  #reads = 0;
  #firstReadAtMs: number | null = null;
  /** What an earlier process counted is added once. */
  #resumed = false;
  /** What the znode holds; undefined while there is none. */
  #flushed: number | undefined;
  #due: Cancel | undefined;
  #lastFlushAtMs = Number.NEGATIVE_INFINITY;

  constructor(path: string, flushEveryMs: number, clock: Clock, log: Log) {
    this.#path = path;
    this.#flushEveryMs = flushEveryMs;
    this.#clock = clock;
    this.#log = log;
  }

  get reads(): number {
    return this.#reads;
  }

  readonly count = (): void => {
    this.#reads += 1;
    this.#firstReadAtMs ??= this.#clock.now();
    this.#schedule();
  };

  /**
   * Resumes from what the znode holds and keeps it up to date until the scope ends.
   * @throws when the znode cannot be read
   */
  async resume(znodes: Znodes, scope: AbortSignal): Promise<void> {
    const node = await znodes.get(this.#path);
    this.#takeUp(node === null ? null : fromJson<ReadsNode>(node.data));
    this.#znodes = znodes;
    scope.addEventListener("abort", () => this.#leave(znodes), { once: true });
    if (scope.aborted) this.#leave(znodes);
    if (this.#reads !== this.#flushed) this.#schedule();
  }

  /** Writes what is not written yet, for a process that is about to end. */
  async flush(): Promise<void> {
    if (this.#znodes === undefined || this.#flushed === this.#reads) return;
    const reads = this.#reads;
    const node: ReadsNode = { reads, firstReadAtMs: this.#firstReadAtMs };
    this.#lastFlushAtMs = this.#clock.monotonicMs();
    try {
      await this.#znodes.put(this.#path, toJson(node));
      this.#flushed = reads;
    } catch (error) {
      // Counting goes on; the next flush writes the whole count.
      this.#log.warn({ error: messageOf(error) }, "could not write the read count");
    }
  }

  #takeUp(stored: ReadsNode | null): void {
    const before = stored?.reads ?? 0;
    // A node that holds less than was already written was made anew: the count still only grows.
    this.#reads = this.#resumed ? Math.max(this.#reads, before) : this.#reads + before;
    this.#resumed = true;
    this.#flushed = stored?.reads;
    this.#firstReadAtMs = stored?.firstReadAtMs ?? this.#firstReadAtMs;
  }

  #leave(znodes: Znodes): void {
    if (this.#znodes === znodes) this.#znodes = undefined;
  }

  /** At once when the last flush is long enough ago: a first read starts the scaling window. */
  #schedule(): void {
    if (this.#due !== undefined || this.#znodes === undefined) return;
    const waitMs = Math.max(0, this.#lastFlushAtMs + this.#flushEveryMs - this.#clock.monotonicMs());
    this.#due = this.#clock.after(waitMs, this.#onDue);
  }

  readonly #onDue = async (): Promise<void> => {
    await this.flush();
    this.#due = undefined;
    if (this.#flushed !== this.#reads) this.#schedule();
  };
}
