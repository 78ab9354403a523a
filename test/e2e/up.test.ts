// What a user sees first: one command, five containers, and nothing changed when it is run again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dbaas, docker, lines } from "../../tools/cluster/command.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { workers } from "../../tools/cluster/workers.ts";
import { ensureUp, settled, useCluster } from "../support/cluster.ts";
import { workerList } from "../support/database.ts";

let printed = "";
useCluster({
  beforeUp: async () => {
    printed = await ensureUp();
  },
});

const ofCluster = async (format: string): Promise<readonly string[]> =>
  lines(await docker("ps", "--all", "--filter", `network=${cluster}-net`, "--format", format))
    .filter((line) => !line.includes("rideshare"))
    .sort();

test("up starts five containers: zookeeper, rabbitmq, orchestrator, a master and a slave", async () => {
  const workersNow = await settled();
  assert.equal(workersNow.length, 2);
  assert.deepEqual(
    await ofCluster("{{.Names}}"),
    [...Object.values(containers), ...workersNow.map(({ containerName }) => containerName)].sort(),
  );
});

test("up prints what it does, the workers, and three lines of curl to try", (t) => {
  if (printed === "") return t.skip("the cluster was up already");
  assert.match(printed, /starting \S+: zookeeper, rabbitmq, orchestrator/);
  assert.match(printed, /is up on http:\/\/localhost:\d+/);
  assert.match(printed, /w-1[\s\S]*w-2/);
  assert.equal(printed.match(/^ +curl /gm)?.length, 3);
});

test("up again changes nothing", async () => {
  const before = await ofCluster("{{.ID}} {{.Names}} {{.CreatedAt}}");
  await dbaas("up");
  assert.deepEqual(await ofCluster("{{.ID}} {{.Names}} {{.CreatedAt}}"), before);
});

test("worker/list answers the pids of the workers' containers as docker inspect shows them, ascending", async () => {
  const pids = (await workers()).map(({ pid }) => pid);
  assert.equal(pids.length, 2);
  assert.deepEqual(
    await workerList(),
    pids.sort((a, b) => a - b),
  );
});

test("API and controller are two processes of the orchestrator's container", async () => {
  const commands = await docker("top", containers.orchestrator, "-eo", "pid,args");
  assert.match(commands, / \/app\/api\/main\.ts/);
  assert.match(commands, / \/app\/controller\/main\.ts/);
});

test("every worker has its own volume, and no other mount", async () => {
  for (const { containerName } of await workers()) {
    const mounts = await docker(
      "inspect",
      "--format",
      "{{range .Mounts}}{{.Type}} {{.Name}}\n{{end}}",
      containerName,
    );
    assert.deepEqual(lines(mounts), [`volume ${containerName}`]);
  }
});
