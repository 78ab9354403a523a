// Scheduled backups where there are several hosts: whose files the list has while the lock goes from one to another. Each has a real folder.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type BackupFolder, systemBackupFolder } from "../../../../api/backups/folder.ts";
import { toJson } from "../../../../core/state/znodes.ts";
import { hourMs, lastAt, paths, startMs, until, world } from "./keeper-world.ts";

describe("scheduled backups on several hosts", () => {
  type Known = Awaited<ReturnType<typeof world>>;

  const hoursLater = (ms: number): number => (ms - startMs) / hourMs;

  /** Each by its host and the hour that it was taken in. */
  const list = async (w: Known) =>
    ((await w.told())?.files ?? []).map(({ host, atMs }) => `${host} ${hoursLater(atMs)}`);

  const taken = async (w: Known, hours: readonly number[]): Promise<void> => {
    for (const hour of hours) {
      w.time.ms = startMs + hour * hourMs;
      await w.look();
      await lastAt(w, w.time.ms);
    }
  };

  const listIs = async (w: Known, wanted: readonly string[]): Promise<void> => {
    await until(async () => isDeepStrictEqual(await list(w), wanted));
  };

  const hostsAre = (w: Known, names: readonly string[]) =>
    w.znodes.put(paths.status, toJson({ hosts: names.map((name) => ({ name, reachable: false })) }));

  it("say their host, and those of another one stay in the list, where each keeps as many", async (t) => {
    const w = await world(t, {}, "host-1");
    await taken(w, [0, 1]);
    const second = await w.takenOverBy("host-2");
    await taken(w, [2, 3, 4]);
    assert.deepEqual(await list(w), ["host-2 4", "host-2 3", "host-1 1", "host-1 0"]);
    assert.equal((await w.told())?.lastGood?.host, "host-2");
    assert.deepEqual([readdirSync(w.directory).length, readdirSync(second).length], [2, 2]);
  });

  it("are listed anew by a host that takes over, before another one is due, and nothing is removed by that", async (t) => {
    const w = await world(t, {}, "host-1");
    await taken(w, [0, 1]);
    const [oldest = ""] = readdirSync(w.directory);
    await w.takenOverBy("host-2");
    await taken(w, [2]);
    rmSync(join(w.directory, oldest));
    writeFileSync(join(w.directory, "demo_2026-11-27T09-00-00.000Z_0.db"), "");
    writeFileSync(join(w.directory, "demo_2026-11-27T08-00-00.000Z_0.db"), "");
    await w.takenOverBy("host-1");
    await listIs(w, ["host-2 2", "host-1 1", "host-1 -1", "host-1 -2"]);
    const told = await w.told();
    assert.deepEqual([told?.lastGood?.host, told?.directory], ["host-2", w.directory]);
    assert.equal(readdirSync(w.directory).length, 3);
    await taken(w, [3]);
    assert.deepEqual(await list(w), ["host-1 3", "host-2 2", "host-1 1"]);
  });

  it("stay as they were told where the host that takes over cannot look into its folder", async (t) => {
    const broken = { is: false };
    const listing: BackupFolder["list"] = (directory) =>
      broken.is ? Promise.reject(new Error("no such folder")) : systemBackupFolder.list(directory);
    const w = await world(t, { list: listing }, "host-1");
    await taken(w, [0]);
    broken.is = true;
    await w.takenOverBy("host-2");
    await taken(w, [1]);
    assert.deepEqual(await list(w), ["host-2 1", "host-1 0"]);
  });

  it("of a host that is away stay in the list, and those of one that is none of the cluster's any more leave it", async (t) => {
    const w = await world(t, {}, "host-1");
    await taken(w, [0]);
    await w.takenOverBy("host-2");
    await hostsAre(w, ["host-1", "host-2", "host-3"]);
    await taken(w, [1]);
    assert.deepEqual(await list(w), ["host-2 1", "host-1 0"]);
    await hostsAre(w, ["host-2", "host-3", "host-4"]);
    await taken(w, [2]);
    assert.deepEqual(await list(w), ["host-2 2", "host-2 1"]);
  });

  it("get their host when it takes over from an earlier version, which said none", async (t) => {
    const w = await world(t);
    await taken(w, [0, 1]);
    const second = await w.takenOverBy("host-2");
    const [older = ""] = readdirSync(w.directory);
    copyFileSync(join(w.directory, older), join(second, older));
    await taken(w, [2]);
    assert.deepEqual(await list(w), ["host-2 2", "host-2 0"]);
  });
});
