// One log, many copies: whatever was written stands in every worker's own file, also in that of one who came later.
import assert from "node:assert/strict";
import { test } from "node:test";
import { equalCopies, everyWorkerHas } from "../../tools/cluster/copies.ts";
import { applyFields } from "../../tools/cluster/manifest.ts";
import { seenMaster } from "../../tools/cluster/registry.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { clear, insertUsers, type Row, read, written } from "../support/database.ts";
import { assertNothingLost, startWriting } from "../support/traffic.ts";

useCluster();

const count = async (): Promise<number> => {
  const answer = await read({ table: "users", count: true });
  assert.equal(answer.status, 200, answer.text);
  return (answer.body as readonly Row[])[0]?.count as number;
};

test("inserts, updates and deletes reach every worker's file", async () => {
  await insertUsers("ann", "bob", "eve");
  await written({ op: "update", table: "users", set: { password: "new" }, where: { username: "ann" } });
  await written({ op: "delete", table: "users", where: { username: "eve" } });
  await everyWorkerHas("SELECT username, password = 'new' AS changed FROM users ORDER BY username", [
    { username: "ann", changed: 1 },
    { username: "bob", changed: 0 },
  ]);
});

test("every copy is of the master's epoch, which is the transaction that made the master znode", async () => {
  await insertUsers("of-this-epoch");
  const epochs = (await equalCopies()).map(({ epoch }) => epoch);
  const master = await seenMaster();
  assert.deepEqual(
    epochs,
    epochs.map(() => master?.epoch),
  );
});

test("slaves that join while writes go on get all data, and serve no read before they have it", async (t) => {
  await clear();
  const base = 3_000;
  for (let i = 0; i < base; i += 500)
    await insertUsers(...Array.from({ length: 500 }, (_, n) => `base-${i + n}`));
  // A slave that lags is no slave that joins.
  await equalCopies();
  const writing = await startWriting(t);
  const counted: number[] = [];
  let joining = true;
  const reading = (async () => {
    while (joining) counted.push(await count());
  })();
  await applyFields({ max: "3", min: "3", baseline: "3" });
  await settled(3);
  joining = false;
  await reading;
  await writing.more(50);
  await writing.stop();
  assert.ok(counted.length > 10, "there were reads meanwhile");
  assert.ok(Math.min(...counted) >= base, `a read saw ${Math.min(...counted)} of ${base} rows`);
  await assertNothingLost(writing);
  assert.equal((await workers()).length, 4);
});
