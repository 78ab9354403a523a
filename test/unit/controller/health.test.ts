import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endUnhealthy } from "../../../controller/health.ts";
import { emptyMemory, remember } from "../../../controller/memory.ts";
import type { Observed } from "../../../controller/workers.ts";
import { master, observed, slave, spec, watched } from "./makers.ts";

const kills = (world: Observed, memory = watched(world, 0)) =>
  endUnhealthy(world, memory, spec()).map(({ target, why }) => `${target.worker} ${why}`);

const later = (world: Observed, ms: number): Observed => ({ ...world, nowMs: world.nowMs + ms });

describe("endUnhealthy", () => {
  const silent = observed([master("w-1", 100), slave("w-2", 200, { state: "none" })]);

  it("leaves healthy workers alone", () =>
    assert.deepEqual(kills(observed([master("w-1", 100), slave("w-2", 200)])), []));

  it("gives a worker that starts its time to get ready", () => {
    assert.deepEqual(kills(silent, watched(silent, 59_999)), []);
    assert.deepEqual(kills(silent, watched(silent, 60_000)), ["w-2 neverReady"]);
  });

  it("ends a worker soon that was in ZooKeeper and is not any more", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const lost = remember(seen, silent);
    assert.deepEqual(kills(later(silent, 6_999), lost), []);
    assert.deepEqual(kills(later(silent, 7_000), lost), ["w-2 hung"]);
  });

  it("has more patience when nobody is in ZooKeeper: the cause lies outside", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const none = observed([slave("w-1", 100, { state: "none" }), slave("w-2", 200, { state: "none" })]);
    const lost = remember(seen, none);
    assert.deepEqual(kills(later(none, 60_000), lost), []);
    assert.deepEqual(kills(later(none, 300_000), lost), ["w-1 hung", "w-2 hung"]);
  });

  it("gives a worker its time anew when another comes back first from where all had been", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const none = observed([slave("w-1", 100, { state: "none" }), slave("w-2", 200, { state: "none" })]);
    const firstBack = later(silent, 30_000);
    const memory = remember(remember(seen, none), firstBack);
    assert.deepEqual(kills(later(firstBack, 6_999), memory), []);
    assert.deepEqual(kills(later(firstBack, 7_000), memory), ["w-2 hung"]);
  });

  it("forgives a worker that came back", () => {
    const seen = remember(emptyMemory, observed([master("w-1", 100), slave("w-2", 200)]));
    const lost = remember(seen, silent);
    const back = remember(lost, later(observed([master("w-1", 100), slave("w-2", 200)]), 5_000));
    const lostAgain = remember(back, later(silent, 6_000));
    assert.deepEqual(kills(later(silent, 8_000), lostAgain), []);
  });

  it("ends the one of two masters that does not hold the znode, once it is certain", () => {
    const two = observed([master("w-1", 100), slave("w-2", 200, { state: "master" })]);
    assert.deepEqual(kills(two, watched(two, 1_999)), []);
    assert.deepEqual(kills(two, watched(two, 2_000)), ["w-2 secondMaster"]);
  });

  it("judges nobody it has not watched itself", () => assert.deepEqual(kills(silent, emptyMemory), []));
});
