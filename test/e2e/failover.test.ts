// Workers die while clients write: who dies is who was asked for, who leads is whom the pids say, and nothing is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dbaasWith } from "../../tools/cluster/command.ts";
import { equalCopies } from "../../tools/cluster/copies.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { seenMaster } from "../../tools/cluster/registry.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { kill, masterOf, slavesOf } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, isSuccess, read, user, workerList, write } from "../support/database.ts";
import { assertNothingLost, startWriting } from "../support/traffic.ts";

useCluster();

const newMasterMs = 30_000;
/** Longer than the manifest of the test lets the service take. */
const patientMs = 70_000;

const masterOtherThan = (container: string): Promise<string> =>
  until("another master is elected", newMasterMs, async () => {
    const master = await seenMaster();
    return master !== null && master.container !== container ? found(master.container) : notYet(master);
  });

test("crash/master kills the master; the slave with the lowest pid leads; another slave comes", async (t) => {
  await applyFields({ max: "2", min: "2", baseline: "2" });
  const before = await settled(2);
  const master = masterOf(before);
  const successor = slavesOf(before)[0];
  const writing = await startWriting(t);
  await writing.more(20);
  assert.equal(await crash("master"), master.pid);
  assert.equal(await masterOtherThan(master.shortId), successor?.shortId);
  const now = await settled(2);
  assert.equal(masterOf(now).pid, successor?.pid);
  assert.ok(!now.some(({ pid }) => pid === master.pid));
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
});

test("crash/slave kills the slave with the highest pid; another slave comes; the master stays", async (t) => {
  const before = await settled(2);
  const victim = slavesOf(before).at(-1);
  const writing = await startWriting(t);
  await writing.more(20);
  assert.equal(await crash("slave"), victim?.pid);
  await until("the killed slave is replaced", newMasterMs, async () => {
    const pids = await workerList();
    return pids.length === 3 && !pids.includes(victim?.pid ?? 0) ? found(pids) : notYet(pids);
  });
  const now = await settled(2);
  assert.equal(masterOf(now).id, masterOf(before).id);
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
});

test("the master is killed twice in a row", async (t) => {
  await applyManifest(await baselineManifest());
  const before = await settled();
  const writing = await startWriting(t);
  await writing.more(20);
  const first = await crash("master");
  await masterOtherThan(masterOf(before).shortId);
  const second = await crash("master");
  assert.equal(first, masterOf(before).pid);
  assert.notEqual(second, first);
  await writing.more(20);
  const now = await settled();
  assert.ok(!now.some(({ pid }) => pid === first || pid === second));
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
});

test("requests in flight when their worker dies are answered with success on the same connection", async () => {
  await applyFields({ timeout: "60s" });
  const all = await settled();
  const names = Array.from({ length: 100 }, (_, i) => `in-flight-${i}`);
  const answers = Promise.all([
    ...names.map((name) => write({ op: "insert", table: "users", row: user(name) }, {}, patientMs)),
    ...names.map(() => read({ table: "users", count: true }, {}, patientMs)),
  ]);
  await kill(...all);
  for (const answer of await answers) assert.ok(isSuccess(answer), `${answer.status} ${answer.text}`);
  await settled();
  const [copy] = await equalCopies();
  assert.ok(copy !== undefined && (copy.tables.users?.rows ?? 0) >= names.length);
});

test("a crash call that cannot be carried out is 409 with the reason", async () => {
  await applyFields({ paused: "true" });
  const before = await workerList();
  for (const whom of ["master", "slave"]) {
    const answer = await call("POST", `/api/v1/crash/${whom}`);
    assert.equal(answer.status, 409, answer.text);
    assert.match(answer.text, /pauses/);
  }
  assert.deepEqual(await workerList(), before);
});

test("while the manifest pauses the controller a dead slave stays dead, and comes back afterwards", async () => {
  const all = await settled();
  await kill(...slavesOf(all));
  await until("the slave is gone from the list", newMasterMs, async () => {
    const pids = await workerList();
    return pids.length === 1 ? found(pids) : notYet(pids);
  });
  await insertUsers("written-while-paused");
  await assert.rejects(
    dbaasWith({ DBAAS_UP_TIMEOUT: "1" }, "up"),
    /pauses the controller.* \.\/dbaas resume/,
  );
  await applyManifest(await baselineManifest());
  await settled();
  await equalCopies();
});
