import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../protocol/log.ts";
import type { ManifestSpec } from "../../../protocol/manifest.ts";
import { emptySchema } from "../../../protocol/schema.ts";
import type { Ledger } from "../../../worker/ports.ts";
import { nothingApplied } from "../../../worker/replica/judge.ts";
import { Chores } from "../../../worker/roles/chores.ts";

const requests = { timeoutMs: 10_000, idempotencyMs: 86_400_000 };
const spec = { database: emptySchema, requests } as ManifestSpec;
const startMs = 1_000_000_000;

/** A master whose log is at `place.position`. @returns whether it expires keys so many ms after its start */
function masterAt(position: number) {
  const place = { position };
  const ledger = {
    get applied() {
      return { ...nothingApplied, position: place.position };
    },
    schema: emptySchema,
  } as Ledger;
  const chores = new Chores(
    ledger,
    () => spec,
    createLog({ program: "w-1", format: "json", level: "silent" }),
    startMs,
  );
  return { place, expiresAfter: (ms: number) => chores.due(startMs + ms).length > 0 };
}

test("an idle log stays as it is, however long", () => {
  const { expiresAfter } = masterAt(7);
  assert.equal(expiresAfter(31_000), false);
  assert.equal(expiresAfter(3_600_000), false);
});

test("after writes, keys are forgotten every half minute, and that is no write of its own", () => {
  const { place, expiresAfter } = masterAt(7);
  place.position = 8;
  assert.equal(expiresAfter(29_000), false);
  assert.equal(expiresAfter(31_000), true);
  place.position = 9; // the record that forgets them
  assert.equal(expiresAfter(62_000), false);
});

test("many records bring it forward: so many keys at once would hold up the writes", () => {
  const { place, expiresAfter } = masterAt(7);
  place.position = 7 + 199;
  assert.equal(expiresAfter(1), false);
  place.position = 7 + 200;
  assert.equal(expiresAfter(2), true);
  assert.equal(expiresAfter(3), false);
});
