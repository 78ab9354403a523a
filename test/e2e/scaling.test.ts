// The number of slaves follows the reads that really come, by the specification's table, in windows of ten seconds; and
// no read fails when it goes down.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WindowNode } from "../../protocol/znodes.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, read, workerList } from "../support/database.ts";
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

/** Whatever its answer, a read counts. */
const refusedRead = { table: "nobody" };

/** None of these is a read. */
async function otherCalls(): Promise<void> {
  await crash("slave");
  await insertUsers(`not-counted-${Math.random()}`);
  await workerList();
  assert.equal((await call("GET", "/api/v1/db/write")).status, 405);
}

/** Exactly so many reads in the window that has just begun. @returns the demand it ended with */
async function windowWith(reads: number): Promise<NonNullable<WindowNode["demand"]>> {
  const startedAt = await opened();
  for (let i = 0; i < reads; i++)
    assert.equal(
      (await read(i === 0 ? refusedRead : { table: "users", count: true })).status,
      i === 0 ? 400 : 200,
    );
  if (reads === 0) await otherCalls();
  assert.equal(await opened(), startedAt, "all reads fell into one window");
  const { demand } = await nextWindow(startedAt);
  assert.ok(demand !== null);
  return demand;
}

test("20 reads -> 1 slave, 41 -> 3, 40 -> 2, 21 -> 2, and 0 with crash calls -> 1; the master stays, the highest pids leave", async () => {
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
    // A killed one was replaced in between.
    if (slaves < before.length && reads > 0)
      assert.deepEqual(
        slavesOf(after).map(({ pid }) => pid),
        before.slice(0, slaves).map(({ pid }) => pid),
      );
  }
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
