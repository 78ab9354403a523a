import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Store } from "../../../../worker/copy/store.ts";
import type { Disk } from "../../../../worker/disk.ts";
import { systemDisk } from "../../../../worker/system-disk.ts";
import { entry, marker, openCopy, temporaryDirectory } from "../copies.ts";
import { shop } from "../schemas.ts";

async function changed(directory: string, change: (store: Store) => Promise<unknown>): Promise<void> {
  const store = await Store.open(directory);
  await change(store).finally(() => store.close());
}

/** The machine stops before another step that changes what is on it. */
function stoppingAfter(steps: number): Disk {
  let left = steps;
  const step = () => {
    left -= 1;
    if (left < 0) throw new Error("the machine has stopped");
  };
  const stopping =
    <Given extends readonly unknown[], Answer>(act: (...given: Given) => Promise<Answer>) =>
    async (...given: Given): Promise<Answer> => {
      step();
      return act(...given);
    };
  const { openConnection, remove, rename, keepAlso, sync } = systemDisk;
  return {
    ...systemDisk,
    openConnection: stopping(openConnection),
    remove: stopping(remove),
    rename: stopping(rename),
    keepAlso: stopping(keepAlso),
    sync: stopping(sync),
  };
}

describe("a copy's id", () => {
  const opened = async (directory: string, newCopyId: string): Promise<string> => {
    const store = await Store.open(directory, { newCopyId: () => newCopyId });
    await store.close();
    return store.copyId;
  };

  it("is made when its file begins, and stays as long as the file", async (t) => {
    const directory = await temporaryDirectory(t);
    assert.equal(await opened(directory, "first"), "first");
    await changed(directory, (store) => store.apply([entry(0, marker(1))]));
    assert.equal(await opened(directory, "second"), "first");
  });

  it("is another one when the file was put aside", async (t) => {
    const directory = await temporaryDirectory(t);
    assert.equal(await opened(directory, "first"), "first");
    await Store.discard(directory);
    assert.equal(await opened(directory, "second"), "second");
  });

  it("is another one when a snapshot has taken the file's place, and not the donor's", async (t) => {
    const [donated, directory] = [await temporaryDirectory(t), await temporaryDirectory(t)];
    assert.equal(await opened(directory, "first"), "first");
    const donor = await Store.open(donated, { newCopyId: () => "donor's" });
    const file = join(directory, "snapshot.db");
    await donor.readers.copyTo(file);
    await donor.close();
    await Store.install(directory, file);
    assert.equal(await opened(directory, "second"), "second");
    assert.equal(await opened(donated, "second"), "donor's");
  });

  it("belongs to the file that is there, wherever the machine stops while a snapshot takes its place", async (t) => {
    const donor = await openCopy(t, shop);
    for (let steps = 0; ; steps++) {
      const directory = await temporaryDirectory(t);
      assert.equal(await opened(directory, "first"), "first");
      const file = join(directory, "snapshot.db");
      await donor.readers.copyTo(file);
      const isWhole = await Store.install(directory, file, stoppingAfter(steps)).then(
        () => true,
        () => false,
      );
      const store = await Store.open(directory, { newCopyId: () => "second" });
      await store.close();
      const isNew = store.applied.position === 1;
      assert.equal(store.copyId, isNew ? "second" : "first", `after ${steps} steps`);
      if (isWhole) return assert.ok(isNew && steps > 3);
    }
  });

  it("is on the disk before it is told, and the file of a copy that has one is not synced again", async (t) => {
    const directory = await temporaryDirectory(t);
    const synced: string[] = [];
    const disk: Disk = {
      ...systemDisk,
      sync: async (path) => {
        await systemDisk.sync(path);
        synced.push(path);
      },
    };
    for (const time of ["first", "second"]) {
      const store = await Store.open(directory, { disk });
      assert.deepEqual(synced, [join(directory, "data.db-wal")], time);
      await store.close();
    }
  });

  it("is given to a file of an earlier version, which has none", async (t) => {
    const directory = await temporaryDirectory(t);
    await changed(directory, (store) => store.writer.exec("DELETE FROM _dbaas_meta WHERE name = 'copyId'"));
    assert.equal(await opened(directory, "first"), "first");
    assert.equal(await opened(directory, "second"), "first");
  });
});
