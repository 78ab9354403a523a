import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Head, headsAfter, lagOf, noiseMs } from "../../../../controller/reconcile/lag.ts";
import { observedOf } from "../../../../controller/reconcile/workers.ts";

const heads: readonly Head[] = [
  { position: 100, atMs: 10_000 },
  { position: 140, atMs: 11_000 },
  { position: 190, atMs: 12_000 },
];

describe("lag", () => {
  it("is none for a copy at the master's place or beyond it", () => {
    assert.deepEqual(lagOf(190, heads, 60_000), { records: 0, ms: 0 });
    assert.deepEqual(lagOf(195, heads, 60_000), { records: 0, ms: 0 });
  });

  it("is counted from when the master was first seen beyond the copy's place", () => {
    assert.deepEqual(lagOf(120, heads, 15_000), { records: 70, ms: 4_000 });
  });

  it("is none while the difference is younger than the tellings are apart", () => {
    assert.deepEqual(lagOf(189, heads, 12_000 + noiseMs - 1), { records: 0, ms: 0 });
    assert.deepEqual(lagOf(189, heads, 12_000 + noiseMs), { records: 1, ms: noiseMs });
  });

  it("is none before any master was seen", () => {
    assert.deepEqual(lagOf(0, [], 60_000), { records: 0, ms: 0 });
  });

  it("remembers nothing new while there is no master", () => {
    const nobody = observedOf(
      { hosts: [], ours: [], volumes: new Map(), foreign: [] },
      {
        nodes: [],
        master: null,
        log: null,
        copies: new Map(),
        pids: new Map(),
        draining: new Map(),
        reads: 0,
        firstReadAtMs: null,
        window: null,
        commands: [],
        spec: null,
      },
      { nowMs: 20_000, wallMs: 20_000 },
    );
    assert.equal(headsAfter(heads, nobody), heads);
  });
});
