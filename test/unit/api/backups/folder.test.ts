// The folder of the scheduled backups on the disk of this machine.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { syncedDirectory, systemBackupFolder } from "../../../../api/backups/folder.ts";

describe("the folder of the backups", () => {
  it("tells how much room its disk has, and null of a folder that is not there", async () => {
    assert.ok(Number(await systemBackupFolder.freeBytes(tmpdir())) > 0);
    assert.equal(await systemBackupFolder.freeBytes(join(tmpdir(), "not-there", "at-all")), null);
  });

  it("brings its names to the disk where the file system can, and no other failure is passed over", async () => {
    const closed: string[] = [];
    const failing = (code: string) =>
      syncedDirectory("/backups", async () => ({
        sync: () => Promise.reject(Object.assign(new Error(`${code}: fsync`), { code })),
        close: async () => void closed.push(code),
      }));
    await syncedDirectory(tmpdir());
    await failing("EINVAL");
    await failing("ENOTSUP");
    await assert.rejects(failing("EIO"), { code: "EIO" });
    await assert.rejects(failing("ENOSPC"), { code: "ENOSPC" });
    assert.deepEqual(closed, ["EINVAL", "ENOTSUP", "EIO", "ENOSPC"]);
  });
});
