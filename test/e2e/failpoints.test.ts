// The controller dies at chosen points in the middle of its actions, each once, while it does everything it can do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dbaas, docker, lines } from "../../tools/cluster/command.ts";
import { applyFields, applyManifest, baselineManifest } from "../../tools/cluster/manifest.ts";
import { containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { labelledContainers, masterOf, type Worker, workers } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { askForEnd } from "../support/database.ts";
import { assertNothingLost, startWriting } from "../support/traffic.ts";

const failpoints = [
  "after-choose", // the victim of a crash call is named, not yet killed
  "after-crash", // it is killed, its asker not yet told
  "after-forgetMaster",
  "after-create", // a container is made, not yet started
  "after-start", // it is started, its pid not yet told
  "after-drain",
];

useCluster({
  afterwards: () => {
    delete process.env.DBAAS_FAILPOINT;
    return dbaas("up");
  },
});

test(`the controller dies once at each of ${failpoints.join(", ")}: everything asked for happens, once`, async (t) => {
  const before = await settled();
  process.env.DBAAS_FAILPOINT = failpoints.join(",");
  await dbaas("up");
  await settled();
  const writing = await startWriting(t);
  await writing.more(20);

  await askForTheMastersEnd(masterOf(before));
  const after = (await settled()).map(({ pid }) => pid);
  for (const { pid } of before)
    assert.equal(after.includes(pid), pid !== masterOf(before).pid, "one command kills one master");
  // While the controller dies twice, a busy machine lets the master's session end by itself: then the next one's place is to be freed.
  if (!(await reached()).includes("dbaas-failpoint-after-forgetMaster")) {
    await askForTheMastersEnd(masterOf(await settled()));
    await settled();
  }
  await applyFields({ max: "3", min: "3", baseline: "3" }, 30_000);
  await settled(3);
  await applyManifest(await baselineManifest(), 30_000);
  await settled();

  assert.equal((await labelledContainers()).length, 2);
  assert.deepEqual(
    await reached(),
    failpoints.map((name) => `dbaas-failpoint-${name}`).sort(),
    "each point was reached",
  );
  await writing.more(20);
  await writing.stop();
  await assertNothingLost(writing);
});

async function reached(): Promise<readonly string[]> {
  const files = await docker("exec", containers.orchestrator, "sh", "-c", "ls /tmp | grep failpoint");
  return [...lines(files)].sort();
}

const endMs = 60_000;

/**
 * The controller dies twice in it, which may take longer than the call waits: then it says that it was begun, and what is asked for
 * comes later.
 */
async function askForTheMastersEnd(master: Worker): Promise<void> {
  const { status, text } = await askForEnd("master");
  assert.match(`${status} ${text}`, /^(200 |409 .*has begun but not finished in time)/);
  await until("the master is gone", endMs, async () => {
    const pids = (await workers()).map(({ pid }) => pid);
    return pids.includes(master.pid) ? notYet(pids) : found(pids);
  });
}
