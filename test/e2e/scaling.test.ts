// The number of slaves follows the reads that really come, by the specification's table, in windows of ten seconds; and
// no read fails when it goes down.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WindowNode } from "../../protocol/znodes.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, read } from "../support/database.ts";
import { call } from "../support/http.ts";
import { applyFields } from "../support/manifest.ts";
import { controllerLog, newLine } from "../support/orchestrator.ts";
import { seenStatus, seenWindow } from "../support/registry.ts";
import { startReading } from "../support/traffic.ts";
import { found, notYet, until } from "../support/until.ts";
import { masterOf, slavesOf } from "../support/workers.ts";

const windowMs = 10_000;

useCluster({
  ready: async () => {
    await insertUsers("somebody");
    await read({ table: "users" });
    await applyFields({ window: "10s", max: "8" });
  },
});

/** Waits until the window that is open now has ended. */
function nextWindow(after: number): Promise<WindowNode> {
  return until("the window ends", windowMs + 5_000, async () => {
    const window = await seenWindow();
    return window !== null && window.startedAtMs > after ? found(window) : notYet(window);
  });
}

const opened = async (): Promise<number> => (await seenWindow())?.startedAtMs ?? 0;

/** Exactly so many reads in the window that has just begun. @returns the demand it ended with */
async function windowWith(reads: number): Promise<NonNullable<WindowNode["demand"]>> {
  const startedAt = await opened();
  for (let i = 0; i < reads; i++) assert.equal((await read({ table: "users", count: true })).status, 200);
  assert.equal(await opened(), startedAt, "all reads fell into one window");
  const { demand } = await nextWindow(startedAt);
  assert.ok(demand !== null);
  return demand;
}

test("20 reads -> 1 slave, 41 -> 3, 40 -> 2, 21 -> 2, 0 -> 1: the same number of slaves serve; the master stays", async () => {
  await nextWindow(await opened());
  const master = masterOf(await settled());
  for (const [reads, slaves] of [
    [20, 1],
    [41, 3],
    [40, 2],
    [21, 2],
    [0, 1],
  ] as const) {
    const before = slavesOf(await settled((await seenStatus())?.desiredSlaves ?? 1));
    const log = await controllerLog();
    const demand = await windowWith(reads);
    assert.deepEqual({ reads: demand.reads, slaves: demand.slaves }, { reads, slaves });
    if (slaves !== before.length) {
      const line = await newLine(log, /reads in 10s -> /, 5_000);
      assert.match(line, new RegExp(`${reads} reads in 10s -> ${slaves} slaves? \\(was ${before.length}\\)`));
    }
    const after = await settled(slaves, windowMs - 2_000);
    assert.equal(masterOf(after).id, master.id);
    // The highest pids leave.
    if (slaves < before.length)
      assert.deepEqual(
        slavesOf(after).map(({ pid }) => pid),
        before.slice(0, slaves).map(({ pid }) => pid),
      );
  }
});

test("crash calls, lists, writes and refused methods are not counted; refused reads are", async () => {
  await nextWindow(await opened());
  const startedAt = await opened();
  await crash("slave");
  await settled();
  await call("GET", "/api/v1/worker/list");
  await insertUsers("not-counted");
  assert.equal((await call("GET", "/api/v1/db/read")).status, 405);
  assert.equal((await read({ table: "nobody" })).status, 400);
  assert.equal((await read({ table: "users" })).status, 200);
  const { demand } = await nextWindow(startedAt);
  // A request of the wrong method is a request to db/read all the same.
  assert.ok(demand !== null && demand.reads >= 2 && demand.reads <= 3, JSON.stringify(demand));
});

test("no read fails while slaves leave under heavy reading", async (t) => {
  await applyFields({ max: "3", min: "3", baseline: "3" });
  const before = await settled(3);
  const reading = startReading(t, 2, 8);
  await applyFields({ max: "1" });
  const after = await settled(1);
  await reading.stop();
  assert.deepEqual(reading.failed, []);
  assert.ok(reading.answered > 50, `${reading.answered} reads`);
  assert.equal(masterOf(after).id, masterOf(before).id, "the master is never a victim");
  assert.equal(slavesOf(after)[0]?.pid, slavesOf(before)[0]?.pid, "the highest pids leave");
});
