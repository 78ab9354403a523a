import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { Store } from "../../../worker/copy/store.ts";
import { StorageFullError } from "../../../worker/sqlite-errors.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { ledgerContract } from "../../contract/ledger-contract.ts";
import { diskOf, Volume } from "../../fakes/memory-disk.ts";
import { type RunningWorld, runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";
import { batch, entry, marker, temporaryDirectory } from "../worker/copies.ts";

let running: RunningWorld;
before(() => {
  running = runningWorld(3);
});
after(() => running.stop());

async function opened(t: TestContext) {
  const volume = new Volume(await temporaryDirectory(t));
  const open = (): Promise<Store> => {
    const clock = new VirtualProcess(running.world, "disk");
    return Store.open(volume.directory, { disk: diskOf(volume, clock), clock });
  };
  t.after(async () => volume.release());
  return { volume, open, store: await open() };
}

ledgerContract("on the disk of the simulation", async (t) => ledgerOf((await opened(t)).store));

describe("the disk of the simulation", () => {
  it("keeps what was synced when the power is cut, and loses the rest", async (t) => {
    const { volume, open, store } = await opened(t);
    await store.apply([entry(0, marker(1)), entry(1, batch(1, []))]);
    await store.syncEveryCommit(true);
    await store.syncEveryCommit(false);
    await store.apply([entry(2, batch(2, []))]);
    assert.equal(store.applied.position, 2);
    volume.cutPower();
    assert.equal((await open()).applied.position, 1);
  });

  it("keeps what a copy brought to the disk by itself", async (t) => {
    const { volume, open, store } = await opened(t);
    await store.apply([entry(0, marker(1)), entry(1, batch(1, []))]);
    await store.sync();
    volume.cutPower();
    assert.equal((await open()).applied.position, 1);
  });

  it("keeps all that was committed when only the process is killed", async (t) => {
    const { volume, open, store } = await opened(t);
    await store.apply([entry(0, marker(1)), entry(1, batch(1, []))]);
    volume.release();
    assert.equal((await open()).applied.position, 1);
  });

  it("takes nothing while it is full", async (t) => {
    const { volume, store } = await opened(t);
    volume.isFull = true;
    await assert.rejects(store.apply([entry(0, marker(1))]), StorageFullError);
    volume.isFull = false;
    await store.apply([entry(0, marker(1))]);
  });
});
