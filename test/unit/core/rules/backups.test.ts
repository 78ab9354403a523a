import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  backupName,
  backupOf,
  backupStanding,
  backupsFor,
  listed,
  nextBackupInMs,
  noBackups,
  roomRefusal,
  sorted,
  type Target,
} from "../../../../core/rules/backups.ts";
import type { BackupFile, BackupsNode } from "../../../../core/state/znodes.ts";

const hourMs = 3_600_000;
const atMs = Date.parse("2026-11-27T10:00:00.123Z");

const file = (position: number, ms = atMs + position): BackupFile => ({
  name: backupName("demo", { atMs: ms, position }),
  atMs: ms,
  position,
  bytes: 4_096,
});

const failed = (failuresInARow: number): BackupsNode => ({
  ...noBackups,
  lastGood: file(1),
  failure: { atMs: atMs + 2 * hourMs, reason: "the disk is full" },
  failuresInARow,
});

describe("a backup's name", () => {
  it("says the cluster, the moment and the position", () => {
    assert.equal(backupName("demo", { atMs, position: 42 }), "demo_2026-11-27T10-00-00.123Z_42.db");
  });

  it("tells all of it again, and no other file is taken for one", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/),
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.nat(),
        (cluster, ms, position) => {
          const name = backupName(cluster, { atMs: ms, position });
          assert.deepEqual(backupOf(cluster, name), { name, atMs: ms, position });
          assert.equal(backupOf(`${cluster}x`, name), null);
        },
      ),
    );
    for (const name of [
      "demo.db",
      ".demo_unfinished.db",
      "demo_2026-11-27T10-00-00.123Z_42.db.part",
      "demo__42.db",
    ])
      assert.equal(backupOf("demo", name), null, name);
  });
});

describe("the next backup", () => {
  const inMs = (node: Partial<BackupsNode>, wallMs: number) =>
    nextBackupInMs({ ...noBackups, ...node }, hourMs, wallMs);

  it("is due at once where there is none, and else so long after the last one as the manifest says", () => {
    assert.equal(inMs({}, atMs), 0);
    assert.equal(inMs({ lastGood: file(0) }, atMs + 1_000), hourMs - 1_000);
    assert.ok(inMs({ lastGood: file(0) }, atMs + hourMs) <= 0);
  });

  it("is tried again sooner after a failure, later with each in a row, and never later than the manifest says", () => {
    const pauses = [1, 2, 3, 7, 50].map((times) => nextBackupInMs(failed(times), hourMs, atMs + 2 * hourMs));
    assert.deepEqual(pauses, [10_000, 20_000, 40_000, 600_000, 600_000]);
    assert.equal(nextBackupInMs(failed(50), 60_000, atMs + 2 * hourMs), 60_000);
  });

  it("is due at once where a clock was put back, for nobody knows how long the last one, or the failure, is ago", () => {
    assert.equal(inMs({ lastGood: file(0) }, atMs - 1), 0);
    assert.equal(inMs({ lastGood: file(0) }, atMs - 1_000 * hourMs), 0);
    assert.equal(nextBackupInMs(failed(50), hourMs, 0), 0);
  });
});

describe("old backups", () => {
  it("go beyond the number that is kept, the oldest first, and the last good one never does", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 10 }),
        (positions, keep) => {
          const files = positions.map((position) => file(position));
          const last = files.toSorted((a, b) => b.position - a.position)[0] as BackupFile;
          const { kept, superfluous, ofAnother } = sorted(files, keep, last);
          assert.ok(kept.includes(last));
          assert.deepEqual(ofAnother, []);
          assert.equal(kept.length, Math.min(keep, files.length));
          assert.equal(kept.length + superfluous.length, files.length);
          assert.ok(kept.every((one) => one === last || superfluous.every((gone) => gone.atMs < one.atMs)));
        },
      ),
    );
  });

  it("of a higher position than the last good one stay: an empty cluster pushes out no data that was lost", () => {
    const lost = [file(500), file(600), file(700)];
    const since = [1, 2, 3, 4].map((position) => file(position, atMs + hourMs + position));
    const { kept, superfluous, ofAnother } = sorted([...lost, ...since], 2, since[3] as BackupFile);
    const names = (files: readonly BackupFile[]) => files.map(({ position }) => position);
    assert.deepEqual(names(kept), [4, 3, 700, 600, 500]);
    assert.deepEqual(names(superfluous), [2, 1]);
    assert.deepEqual(names(ofAnother), [700, 600, 500]);
  });
});

describe("the list of the backups on several hosts", () => {
  const on = (host: string | undefined, ...positions: readonly number[]): readonly BackupFile[] =>
    positions.map((position) => (host === undefined ? file(position) : { ...file(position), host }));
  const places = (files: readonly BackupFile[]) => files.map(({ host, position }) => `${host} ${position}`);
  const at = { host: "host-1", keep: 2, lastGood: file(9), hosts: ["host-1", "host-2"] };

  it("is that of the folder where there is one host", () => {
    const own = on(undefined, 9, 8);
    assert.equal(listed(own, on(undefined, 8, 7), { ...at, host: undefined }), own);
  });

  it("has of this host what is in its folder, and of the others what they told, the newest first", () => {
    const before = [...on("host-2", 8, 7), ...on("host-1", 6, 5)];
    assert.deepEqual(places(listed(on("host-1", 9, 6), before, at)), [
      "host-1 9",
      "host-2 8",
      "host-2 7",
      "host-1 6",
    ]);
  });

  it("has of each other host as many as are kept, and those of a higher position beside", () => {
    const before = on("host-2", 20, 8, 7, 6);
    assert.deepEqual(places(listed(on("host-1", 9), before, at)), [
      "host-2 20",
      "host-1 9",
      "host-2 8",
      "host-2 7",
    ]);
  });

  it("loses those of a host that is none of the cluster's any more, and none where the hosts are not known", () => {
    const before = [...on("host-2", 8), ...on("host-3", 7)];
    assert.deepEqual(places(listed(on("host-1", 9), before, at)), ["host-1 9", "host-2 8"]);
    assert.equal(listed(on("host-1", 9), before, { ...at, hosts: [] }).length, 3);
  });

  it("lets those of an unknown host make room for this one's, and names those that are found here", () => {
    const before = on(undefined, 8, 7);
    assert.deepEqual(places(listed([], before, at)), ["undefined 8", "undefined 7"]);
    assert.deepEqual(places(listed(on("host-1", 7), before, at)), ["undefined 8", "host-1 7"]);
    assert.deepEqual(places(listed(on("host-1", 9, 7), before, at)), ["host-1 9", "host-1 7"]);
  });

  it("does not grow however often the lock changes hands", () => {
    const hosts = ["host-1", "host-2", "host-3"];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...hosts), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (holders, keep) => {
          let files: readonly BackupFile[] = [];
          const folders = new Map<string, readonly BackupFile[]>();
          for (const [i, host] of holders.entries()) {
            const [lastGood] = on(host, i) as readonly [BackupFile];
            const own = sorted([...(folders.get(host) ?? []), lastGood], keep, lastGood).kept;
            folders.set(host, own);
            files = listed(own, files, { host, keep, lastGood, hosts });
          }
          const there = hosts.flatMap((host) => folders.get(host) ?? []);
          assert.deepEqual(places(files).toSorted(), places(there).toSorted());
          assert.ok(files.length <= keep * hosts.length);
        },
      ),
    );
  });
});

describe("how the backups stand", () => {
  const spec = { everyMs: hourMs, keep: 24, directory: "/backups" };
  const kindOf = (node: BackupsNode | null, wallMs = atMs) => backupStanding(node, spec, wallMs)?.kind;

  it("is told only where the manifest asks for some", () => {
    assert.equal(backupStanding(null, { ...spec, everyMs: null }, atMs), null);
    assert.equal(backupStanding(null, undefined, atMs), null);
    assert.equal(kindOf(null), "none");
  });

  it("is good until the last one is twice as old as it should be, or a try fails", () => {
    const good = { ...noBackups, lastGood: file(0) };
    assert.equal(kindOf(good, atMs + 2 * hourMs), "recent");
    assert.equal(kindOf(good, atMs + 2 * hourMs + 1), "old");
    assert.equal(kindOf(failed(1)), "failed");
  });

  it("is not good by a moment that is yet to come, but for what the clocks of two hosts are apart", () => {
    const good = { ...noBackups, lastGood: file(0) };
    assert.equal(kindOf(good, atMs - 10_000), "recent");
    assert.equal(kindOf(good, atMs - 10_001), "old");
  });
});

describe("the backups that a restore tries", () => {
  const files = [file(30), file(10), file(20)];
  const positions = (target: Target, among = files) =>
    backupsFor(among, target).map(({ position }) => position);

  it("hold nothing beyond the position or the moment, the newest first", () => {
    assert.deepEqual(positions({ position: 29 }), [20, 10]);
    assert.deepEqual(positions({ position: 30 }), [30, 20, 10]);
    assert.deepEqual(positions({ momentMs: atMs + 19 }), [10]);
    assert.deepEqual(positions({ momentMs: atMs + 9 }), []);
    assert.deepEqual(positions({ position: 9 }), []);
  });

  it("begin with the newest by its moment, though one of before all data was lost is of a higher position", () => {
    const since = file(12, atMs + 1_000);
    assert.deepEqual(positions({ position: 29 }, [...files, since]), [12, 20, 10]);
    assert.deepEqual(positions({ momentMs: atMs + 2_000 }, [...files, since]), [12, 30, 20, 10]);
  });
});

describe("the room for a backup", () => {
  const [mebibyte, gibibyte] = [1024 * 1024, 1024 * 1024 * 1024];

  it("is what it takes, and a part of that beside: a mebibyte at least", () => {
    assert.equal(roomRefusal(gibibyte, gibibyte + gibibyte / 16), null);
    assert.equal(
      roomRefusal(gibibyte, gibibyte + gibibyte / 16 - 1),
      "no room for a backup: it needs 1088Mi, and the disk has 1087Mi left; the older ones stay",
    );
    assert.equal(roomRefusal(4_096, mebibyte + 4_096), null);
    assert.equal(
      roomRefusal(4_096, 4_096),
      "no room for a backup: it needs 2Mi, and the disk has less than 1Mi left; the older ones stay",
    );
  });

  it("is taken to be there where the disk does not say how much it has", () => {
    assert.equal(roomRefusal(gibibyte, null), null);
  });

  it("is never there where the disk has less than the backup takes", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), (bytes, less) => {
        assert.notEqual(roomRefusal(bytes, Math.max(0, bytes - less)), null);
      }),
    );
  });
});
