// Scheduled backups with a real copy, a real folder, and a broker and ZooKeeper in memory.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { type BackupFolder, systemBackupFolder } from "../../../../api/backups/folder.ts";
import { toJson } from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { eventually } from "../fake-znodes.ts";
import { hourMs, lastAt, paths, startMs, until, world } from "./keeper-world.ts";

describe("scheduled backups", () => {
  it("are whole files that nobody else may read, named by moment and position, and the oldest go", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    assert.deepEqual(w.files(), ["demo_2026-11-27T10-00-00.000Z_0.db"]);
    writeFileSync(join(w.directory, "of-others.db"), "");
    for (const times of [1, 2]) {
      w.time.ms = startMs + times * hourMs;
      await w.look();
      await lastAt(w, w.time.ms);
    }
    const names = ["demo_2026-11-27T11-00-00.000Z_0.db", "demo_2026-11-27T12-00-00.000Z_0.db"];
    assert.deepEqual(w.files(), [...names, "of-others.db"]);
    const told = await w.told();
    assert.equal(told?.directory, w.directory);
    assert.deepEqual(
      told?.files.map(({ name }) => name),
      names.toReversed(),
    );
    const path = join(w.directory, names[1] ?? "");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(told?.lastGood?.bytes, statSync(path).size);
    const file = new DatabaseSync(path, { readOnly: true });
    assert.equal(file.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    file.close();
  });

  it("leave those that hold more than the cluster: they are of before its data was lost", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    const lost = "demo_2026-11-01T10-00-00.000Z_4711.db";
    writeFileSync(join(w.directory, lost), "");
    for (const times of [1, 2, 3]) {
      w.time.ms = startMs + times * hourMs;
      await w.look();
      await lastAt(w, w.time.ms);
    }
    const names = ["demo_2026-11-27T12-00-00.000Z_0.db", "demo_2026-11-27T13-00-00.000Z_0.db"];
    assert.deepEqual(w.files(), [lost, ...names]);
    assert.deepEqual(
      (await w.told())?.files.map(({ name }) => name),
      [...names.toReversed(), lost],
    );
  });

  it("fail without taking anything away, are tried again, and are told until one is good again", async (t) => {
    let isFull = false;
    const write: BackupFolder["write"] = async (...args) => {
      if (isFull) throw new Error("no space left on device");
      await systemBackupFolder.write(...args);
    };
    const w = await world(t, { write });
    await lastAt(w, startMs);
    const [good] = w.files();
    isFull = true;
    w.time.ms += hourMs;
    await w.look();
    await until(async () => (await w.told())?.failures === 1);
    w.time.ms += 10_000;
    await w.look();
    await until(async () => (await w.told())?.failures === 2);
    const told = await w.told();
    assert.match(told?.failure?.reason ?? "", /no space left/);
    assert.deepEqual([told?.failuresInARow, told?.lastGood?.name], [2, good]);
    assert.deepEqual(w.files(), [good]);
    isFull = false;
    w.time.ms += 20_000;
    await w.look();
    await lastAt(w, w.time.ms);
    const after = await w.told();
    assert.deepEqual([after?.failure, after?.failures, after?.failuresInARow], [null, 2, 0]);
  });

  it("are not begun where the disk has less room than they need, and take none of the older ones away", async (t) => {
    const disk: { freeBytes: number | null } = { freeBytes: null };
    const written: string[] = [];
    const w = await world(t, {
      freeBytes: async () => disk.freeBytes,
      write: async (file, ...rest) => {
        written.push(file);
        await systemBackupFolder.write(file, ...rest);
      },
    });
    await lastAt(w, startMs);
    const [good] = w.files();
    disk.freeBytes = 1_000_000;
    w.time.ms += hourMs;
    await w.look();
    await until(async () => (await w.told())?.failures === 1);
    const told = await w.told();
    assert.match(told?.failure?.reason ?? "", /^no room for a backup: it needs 2Mi, .* the older ones stay$/);
    assert.deepEqual([told?.lastGood?.name, written.length, w.files()], [good, 1, [good]]);
    disk.freeBytes = 100_000_000;
    w.time.ms += 10_000;
    await w.look();
    await lastAt(w, w.time.ms);
    assert.equal(w.files().length, 2);
  });

  it("never bear their name when what came to the disk is damaged", async (t) => {
    const write: BackupFolder["write"] = async (file, chunks) => {
      await systemBackupFolder.write(file, chunks);
      const bytes = readFileSync(file);
      bytes.fill(0xff, 4_096, 8_192);
      writeFileSync(file, bytes);
    };
    const w = await world(t, { write });
    await until(async () => (await w.told())?.failures === 1);
    assert.match((await w.told())?.failure?.reason ?? "", /damaged|cannot be read/);
    assert.deepEqual(w.files(), []);
  });

  it("are not taken of the half of a restore", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    await w.restoring.begin(w.znodes, "one", systemClock);
    w.time.ms += hourMs;
    await w.look();
    await eventually(() => true);
    const [before] = [await w.told()];
    await w.restoring.end(w.znodes, "one");
    await lastAt(w, startMs + hourMs);
    assert.equal(before?.failures, 0);
    assert.equal(before?.lastGood?.atMs, startMs);
  });

  it("fail when a restore begins before they are whole", async (t) => {
    const begun = { begin: async (): Promise<unknown> => undefined };
    const write: BackupFolder["write"] = async (...args) => {
      await systemBackupFolder.write(...args);
      await begun.begin();
    };
    const w = await world(t, { write });
    await lastAt(w, startMs);
    begun.begin = () => w.restoring.begin(w.znodes, "one", systemClock);
    w.time.ms += hourMs;
    await w.look();
    await until(async () => (await w.told())?.failures === 1);
    assert.match((await w.told())?.failure?.reason ?? "", /a restore has begun meanwhile/);
  });

  it("are taken by one API of several, by no other backup's side, and not at all where the manifest asks for none", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    const end = w.turn.take();
    w.time.ms += hourMs;
    await w.look();
    await eventually(() => true);
    assert.equal((await w.told())?.lastGood?.atMs, startMs);
    end?.();
    await w.look();
    await lastAt(w, startMs + hourMs);
    assert.ok(w.znodes.nodes.has(paths.backupLock));
    w.spec.backup = { everyMs: null, keep: 2, directory: w.directory };
    await w.look();
    await until(async () => !w.znodes.nodes.has(paths.backupLock));
    await w.znodes.put(paths.backupLock, toJson({ id: "api-2" }));
    w.spec.backup = { everyMs: hourMs, keep: 2, directory: w.directory };
    w.time.ms += hourMs;
    await w.look();
    await eventually(() => true);
    assert.equal((await w.told())?.lastGood?.atMs, startMs + hourMs);
    await w.znodes.remove(paths.backupLock);
    await lastAt(w, startMs + 2 * hourMs);
  });

  it("go on when the lock was made, or given back, without the answer being heard", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    const lost: string[] = [];
    const answerless = async <T>(what: string, answer: Promise<T>): Promise<T> => {
      const heard = await answer;
      if (lost.includes(what)) return heard;
      lost.push(what);
      throw new Error("the connection is lost");
    };
    const { create, remove } = w.znodes;
    w.znodes.remove = async (...args) => {
      if (!lost.includes("remove")) {
        lost.push("remove");
        throw new Error("the connection is lost");
      }
      return remove.apply(w.znodes, args);
    };
    w.spec.backup = { everyMs: null, keep: 2, directory: w.directory };
    await w.look();
    await until(async () => lost.includes("remove"));
    await w.look();
    await until(async () => !w.znodes.nodes.has(paths.backupLock));
    w.znodes.create = (...args) => answerless("create", create.apply(w.znodes, args));
    w.spec.backup = { everyMs: hourMs, keep: 2, directory: w.directory };
    w.time.ms += hourMs;
    await w.look();
    await until(async () => lost.includes("create"));
    await w.look();
    await lastAt(w, startMs + hourMs);
  });

  it("leave no file under its name that may be gone after a power cut", async (t) => {
    const rename: BackupFolder["rename"] = async (...args) => {
      await systemBackupFolder.rename(...args);
      throw new Error("the folder cannot be brought to the disk");
    };
    const w = await world(t, { rename });
    await until(async () => (await w.told())?.failures === 1);
    assert.deepEqual(w.files(), []);
  });

  it("say no host where there is only one", async (t) => {
    const w = await world(t);
    await lastAt(w, startMs);
    const told = await w.told();
    assert.equal(JSON.stringify(told).includes("host"), false);
  });
});
