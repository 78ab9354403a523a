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
/** Own keys are needed only while copies of their requests are on their way; a later one meets the floor they leave. */
const ownKeysMinMs = 120_000;

export class Chores {
  readonly #ledger: Ledger;
  readonly #spec: () => ManifestSpec;
  readonly #log: Log;
  #expiredAtMs: number;
  #expiredAtPosition: number;
  #refused = "";
  /** The two schemas last compared: between edits they are the same objects. */
  #compared: { readonly have: Schema; readonly want: Schema } | undefined;

  /** @param logMs log time, as in `due` */
  constructor(ledger: Ledger, spec: () => ManifestSpec, log: Log, logMs: number) {
    this.#ledger = ledger;
    this.#spec = spec;
    this.#log = log;
    this.#expiredAtMs = logMs;
    this.#expiredAtPosition = ledger.applied.position;
  }

  due(logMs: number): readonly Chore[] {
    return [...this.#migration(), ...this.#expiry(logMs)];
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
