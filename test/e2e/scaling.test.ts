// The number of slaves follows the reads that really come, by the specification's table, in windows of twenty seconds; and
// no read fails when it goes down.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { WindowNode } from "../../core/state/znodes.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { controllerLog, newLine } from "../../tools/cluster/orchestrator.ts";
import { seenWindow } from "../../tools/cluster/registry.ts";
import { masterOf, slavesOf, type Worker } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, read, workerList } from "../support/database.ts";
import { startReading } from "../support/traffic.ts";
import { quietWindow, windowAfter } from "../support/windows.ts";

const windowMs = 20_000;

useCluster({
  ready: async () => {
    await insertUsers("somebody");
    await read({ table: "users" });
    await applyFields({ window: "20s", max: "8" });
  },
});

/** Waits until the window that is open now has ended. */
const nextWindow = (after: number): Promise<WindowNode> => windowAfter(after, windowMs);

const opened = async (): Promise<number> => (await seenWindow())?.startedAtMs ?? 0;

/** Whatever its answer, a read counts. */
const refusedRead = { table: "nobody" };

/** In the window of so many reads other calls come, too. */
const withOtherCalls = 20;

/** None of these is a read. */
async function otherCalls(): Promise<void> {
  await crash("slave");
  await insertUsers(`not-counted-${Math.random()}`);
  await workerList();
  assert.equal((await call("GET", "/api/v1/db/write")).status, 405);
}

/** So many reads at the beginning of the window that is open. @returns when that window began */
async function readAtOnce(reads: number): Promise<number> {
  const startedAt = await opened();
  for (let i = 0; i < reads; i++) {
    const { status } = await read(i === 0 ? refusedRead : { table: "users", count: true });
    assert.equal(status, i === 0 ? 400 : 200);
  }
  if (reads === withOtherCalls) await otherCalls();
  assert.equal(await opened(), startedAt, "all reads fell into one window");
  return startedAt;
}

test("41 reads -> 3 slaves, 40 -> 2, 21 -> 2, and 20 with crash calls -> 1; the master stays, the highest pids leave", async () => {
  await quietWindow(windowMs);
  const master = masterOf(await settled());
  await nextWindow(await opened());
  let before: readonly Worker[] = [];
  let desired = 1;
  for (const [reads, slaves] of [
    [41, 3],
    [40, 2],
    [21, 2],
    [20, 1],
  ] as const) {
    const log = await controllerLog();
    const startedAt = await readAtOnce(reads);
    // What the window before asked for is there well before this one ends.
    const now = await settled(desired);
    assertHighestPidsLeft(before, slavesOf(now));
    const { demand } = await nextWindow(startedAt);
    assert.deepEqual({ reads: demand?.reads, slaves: demand?.slaves }, { reads, slaves });
    if (slaves !== desired)
      await newLine(
        log,
        new RegExp(`${reads} reads in 20s -> ${slaves} slaves? \\(was ${desired}\\)`),
        30_000,
      );
    before = slavesOf(now);
    desired = slaves;
  }
  const last = await settled(desired);
  assert.equal(masterOf(last).id, master.id);
});

/** Also when slaves were added or replaced in between: then there is nothing to compare. */
function assertHighestPidsLeft(before: readonly Worker[], now: readonly Worker[]): void {
  const pids = now.map(({ pid }) => pid);
  if (now.length >= before.length || before.length === 0) return;
  assert.deepEqual(
    before.slice(0, now.length).map(({ pid }) => pid),
    pids,
  );
}

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
