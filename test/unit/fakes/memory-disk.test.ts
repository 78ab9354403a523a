import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { Store } from "../../../worker/copy/store.ts";
import { InterruptedError, StorageFullError } from "../../../worker/sqlite-errors.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { ledgerContract } from "../../contract/ledger-contract.ts";
import { diskOf, Volume } from "../../fakes/memory-disk.ts";
import { type RunningWorld, runningWorld } from "../../fakes/running-world.ts";
import { slowText } from "../../fakes/slow-statements.ts";
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

  it("takes as long over a statement as its text says, and undoes a transaction in which one is interrupted", async (t) => {
    const volume = new Volume(await temporaryDirectory(t));
    const clock = new VirtualProcess(running.world, "slow");
    const connection = await diskOf(volume, clock).openConnection(volume.file, "write");
    t.after(() => volume.release());
    await connection.exec("CREATE TABLE texts (text)");
    const write = (ms: number) => connection.run("INSERT INTO texts VALUES (?)", slowText(ms));

    const startedAtMs = clock.monotonicMs();
    await write(400);
    assert.ok(clock.monotonicMs() - startedAtMs >= 400);

    connection.interrupt();
    await connection.exec("BEGIN");
    await write(0);
    clock.after(100, () => connection.interrupt());
    await assert.rejects(write(3_600_000), InterruptedError);
    await assert.rejects(connection.exec("COMMIT"), /no transaction/);
    const [row] = await connection.all("SELECT count(*) AS count FROM texts");
    assert.equal(row?.count, 1);

    const read = () => connection.all("SELECT ?", slowText(3_600_000));
    await assert.rejects(connection.limited(50, read), InterruptedError);
    const stop = connection.keepInterrupting();
    await assert.rejects(read(), InterruptedError);
    stop();
    await write(1);
  });
});
