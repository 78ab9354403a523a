import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nothingApplied } from "../../../../core/log/record.ts";
import type { ManifestSpec } from "../../../../core/manifest/manifest.ts";
import { migrate } from "../../../../core/rules/migration.ts";
import { emptySchema, type Schema } from "../../../../core/schema.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Chores } from "../../../../worker/write/chores.ts";
import { shop } from "../schemas.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });
const day = 24 * 3_600_000;
const startedAtMs = 10 * day;

/** A ledger as far as the chores look at it. */
function chores(have: Schema, want: Schema) {
  const ledger = { schema: have, applied: nothingApplied } as unknown as ConstructorParameters<
    typeof Chores
  >[0] & { schema: Schema; applied: typeof nothingApplied };
  const spec = { database: want, requests: { idempotencyMs: day, timeoutMs: 10_000 } } as ManifestSpec;
  const made = new Chores(ledger, () => spec, log, startedAtMs);
  const due = (afterMs: number) => made.due(startedAtMs + afterMs).map(({ effect }) => effect);
  return { ledger, spec, due };
}

describe("a master's chores", () => {
  it("bring the tables to what the manifest wants, once", () => {
    const { ledger, due } = chores(emptySchema, shop);
    const effects = due(0);
    (ledger as { schema: Schema }).schema = effects.reduce(
      (schema, effect) => ("schema" in effect ? migrate(schema, effect.schema).schema : schema),
      emptySchema,
    );
    assert.deepEqual(ledger.schema, shop);
    assert.deepEqual(due(1), []);
  });

  it("do nothing when everything is as wanted", () => {
    const { due } = chores(shop, shop);
    assert.deepEqual(due(0), []);
  });

  /** Keys are looked at when half a minute has passed and something was written. */
  const expiryAt = (made: ReturnType<typeof chores>, afterMs: number, position: number) => {
    (made.ledger as { applied: typeof nothingApplied }).applied = { ...nothingApplied, position };
    const [effect] = made.due(afterMs);
    return effect !== undefined && "expireKeys" in effect ? effect.expireKeys : undefined;
  };

  it("forget keys as old as the manifest says, clients' later than the API's own", () => {
    const made = chores(shop, shop);
    assert.equal(expiryAt(made, 9_000, 0), undefined);
    assert.deepEqual(expiryAt(made, 130_000, 1), {
      clientBeforeMs: startedAtMs + 130_000 - day,
      ownBeforeMs: startedAtMs + 130_000 - 120_000,
    });
    assert.equal(expiryAt(made, 140_000, 3), undefined);
  });

  it("forget no key while a copy of its request can be under way, however short the manifest wants clients' keys", () => {
    const made = chores(shop, shop);
    (made.spec as { requests: object }).requests = { idempotencyMs: 60_000, timeoutMs: 60_000 };
    const beforeMs = startedAtMs + 300_000 - 240_000;
    assert.deepEqual(expiryAt(made, 300_000, 1), { clientBeforeMs: beforeMs, ownBeforeMs: beforeMs });
  });

  it("look more often when much is written", () => {
    const made = chores(shop, shop);
    assert.equal(expiryAt(made, 1_000, 199), undefined);
    assert.notEqual(expiryAt(made, 1_001, 200), undefined);
  });

  it("leave an idle log as it is", () => {
    const made = chores(shop, shop);
    assert.equal(expiryAt(made, 30_000, 0), undefined);
    assert.notEqual(expiryAt(made, 60_000, 1), undefined);
    // The expiry itself was the second record.
    assert.equal(expiryAt(made, 90_000, 2), undefined);
  });
});
