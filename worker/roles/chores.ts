// PURE but for its memory of when it last ran. What a master writes into the log of its own accord: migrations when the
// manifest's schema moved, and the forgetting of old idempotency keys.
import type { Refusal } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import type { ManifestSpec } from "../../protocol/manifest.ts";
import { migrate } from "../../protocol/migration.ts";
import type { Schema } from "../../protocol/schema.ts";
import type { Ledger } from "../ports.ts";
import type { Chore } from "./commit-batch.ts";

const expireEveryMs = 30_000;
/** Under load it comes more often: forgetting half a minute's keys at once would hold up every write for as long. */
const expireEveryRecords = 200;
/** Own keys are needed only while a delivery of their request may still come again. */
const ownKeysMinMs = 120_000;

export class Chores {
  readonly #ledger: Ledger;
  readonly #spec: () => ManifestSpec;
  readonly #log: Log;
  readonly #startedAtMs: number;
  #expiredAtMs: number;
  #expiredAtPosition: number;
  #refused = "";
  /** The two schemas last compared: between edits they are the same objects. */
  #compared: { readonly have: Schema; readonly want: Schema } | undefined;

  constructor(ledger: Ledger, spec: () => ManifestSpec, log: Log, nowMs: number) {
    this.#ledger = ledger;
    this.#spec = spec;
    this.#log = log;
    this.#startedAtMs = nowMs;
    this.#expiredAtMs = nowMs;
    this.#expiredAtPosition = ledger.applied.position;
  }

  due(nowMs: number): readonly Chore[] {
    return [...this.#migration(), ...this.#expiry(nowMs)];
  }

  #migration(): readonly Chore[] {
    const wanted = this.#spec().database;
    const have = this.#ledger.schema;
    if (this.#compared?.have === have && this.#compared.want === wanted) return [];
    this.#compared = { have, want: wanted };
    const { statements, refused } = migrate(have, wanted);
    const refusal = refused.join("; ");
    if (refusal !== this.#refused && refusal !== "")
      this.#log.warn({ refused }, "part of the manifest's schema is not carried out");
    this.#refused = refusal;
    if (statements.length === 0) return [];
    this.#log.info({ statements }, "migrating the schema");
    const onRefused = ({ message }: Refusal) =>
      this.#log.error(
        { reason: message },
        "the data does not allow the manifest's schema, it stays as it was",
      );
    return [{ effect: { schema: wanted }, onRefused }];
  }

  #expiry(nowMs: number): readonly Chore[] {
    const { position } = this.#ledger.applied;
    const records = position - this.#expiredAtPosition;
    if (records < expireEveryRecords && nowMs - this.#expiredAtMs < expireEveryMs) return [];
    this.#expiredAtMs = nowMs;
    // An idle log stays as it is.
    if (records === 0) return [];
    this.#expiredAtPosition = position + 1;
    const { idempotencyMs, timeoutMs } = this.#spec().requests;
    const ownMs = Math.max(ownKeysMinMs, 4 * timeoutMs);
    // Keys carry the clocks of the masters before this one: what they say counts only when it is old by our clock, too.
    const ownBeforeMs = nowMs - this.#startedAtMs < ownMs ? 0 : nowMs - ownMs;
    const effect = { expireKeys: { clientBeforeMs: nowMs - idempotencyMs, ownBeforeMs } };
    return [{ effect, onRefused: () => undefined }];
  }
}
