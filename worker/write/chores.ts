// PURE but for the process's own time and its memory of when it last ran. What a master writes into the log of its own accord:
// migrations when the manifest's schema moved, and the forgetting of old idempotency keys, which counts in log time.

import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { changesSchema, type WriteShape } from "../../core/messages/statement.ts";
import { released } from "../../core/rules/release.ts";
import { emptySchema } from "../../core/schema.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Ledger } from "../ports.ts";
import type { Chore } from "./draft.ts";
import { Migrations, type SchemaReport } from "./migrations.ts";

const expireEveryMs = 30_000;
/** Under load it comes more often: forgetting half a minute's keys at once would hold up every write for as long. */
const expireEveryRecords = 200;
/** Own keys are needed only while copies of their requests are on their way; a later one meets the floor they leave. */
const ownKeysMinMs = 120_000;

/**
 * Log time: ms that masters have led, one after the other, as far as it is known. A master takes it up where the newest key of its copy
 * stands and counts on by its own monotonic clock, so a clock that is wrong on one machine, or set, makes no key older. It stands
 * still while there is no master: keys live longer then.
 */
export function logClock(newestKeyMs: number, time: Pick<Clock, "now">): () => number {
  const startedAtMs = time.now();
  return () => newestKeyMs + Math.max(0, time.now() - startedAtMs);
}

export class Chores {
  readonly #ledger: Ledger;
  readonly #spec: () => ManifestSpec;
  #expiredAtMs: number;
  #expiredAtPosition: number;
  readonly #migrations: Migrations;
  readonly #log: Log;

  /** @param logMs log time, as in `due` */
  constructor(
    ledger: Ledger,
    spec: () => ManifestSpec,
    log: Log,
    logMs: number,
    onReport: (report: SchemaReport) => void = () => undefined,
  ) {
    this.#ledger = ledger;
    this.#log = log;
    this.#spec = spec;
    this.#migrations = new Migrations({ ledger, wanted: () => spec().database, log, onReport });
    this.#expiredAtMs = logMs;
    this.#expiredAtPosition = ledger.applied.position;
  }

  due(logMs: number): readonly Chore[] {
    return [...this.#migrations.due(logMs), ...this.#expiry(logMs)];
  }

  /** Before these writes are carried out: what they drop must be SQL's to drop. */
  before(writes: readonly WriteShape[]): readonly Chore[] {
    if (!writes.some(changesSchema)) return [];
    const releases = released(writes, this.#ledger.schema, this.#spec().database);
    if (releases.length === 0) return [];
    this.#log.info({ releases }, "tables that the manifest no longer names are SQL's now, which drops them");
    return [{ effect: { schema: emptySchema, releases }, onRefused: () => undefined }];
  }

  #expiry(logMs: number): readonly Chore[] {
    const { position } = this.#ledger.applied;
    const records = position - this.#expiredAtPosition;
    if (records < expireEveryRecords && logMs - this.#expiredAtMs < expireEveryMs) return [];
    this.#expiredAtMs = logMs;
    // An idle log stays as it is.
    if (records === 0) return [];
    this.#expiredAtPosition = position + 1;
    const { idempotencyMs, timeoutMs } = this.#spec().requests;
    const ownMs = Math.max(ownKeysMinMs, 4 * timeoutMs);
    const ownBeforeMs = logMs - ownMs;
    // A client's key lives no shorter than one of the API's own, however short the manifest wants it.
    const clientBeforeMs = Math.min(logMs - idempotencyMs, ownBeforeMs);
    const effect = { expireKeys: { clientBeforeMs, ownBeforeMs } };
    return [{ effect, onRefused: () => undefined }];
  }
}
