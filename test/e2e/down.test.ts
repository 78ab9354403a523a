// Taking the cluster down: everything it made goes and nothing else; the data goes only when asked for. Runs last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureUp, settled, useCluster } from "../support/cluster.ts";
import { dbaas, docker, lines } from "../support/command.ts";
import { equalCopies, everyWorkerHas } from "../support/copies.ts";
import { insertUsers } from "../support/database.ts";
import { closeRegistry } from "../support/registry.ts";
import { cluster, containers } from "../support/settings.ts";

const bystander = `bystander-of-${cluster}`;

useCluster({ afterwards: () => docker("rm", "--force", bystander), leaveAsItIs: true });

const named = async (what: "container" | "volume" | "network"): Promise<readonly string[]> => {
  const all =
    what === "container" ? ["ps", "--all", "--format", "{{.Names}}"] : [what, "ls", "--format", "{{.Name}}"];
  return lines(await docker(...all)).filter((name) => name.startsWith(`${cluster}-`));
};

test("down removes the containers and the network and keeps the volumes; up then has all data again", async () => {
  await settled();
  await insertUsers("before-down");
  await docker("run", "--detach", "--name", bystander, "--entrypoint", "sleep", await workerImage(), "600");
  const volumes = await named("volume");
  await closeRegistry();
  await dbaas("down");
  assert.deepEqual(await named("container"), []);
  assert.deepEqual(await named("network"), []);
  assert.deepEqual(await named("volume"), volumes);

  await ensureUp();
  await settled();
  await everyWorkerHas("SELECT username FROM users WHERE username = 'before-down'", [
    { username: "before-down" },
  ]);
  await equalCopies();
});

test("down --volumes leaves nothing of the cluster, and a container that is not of it goes on", async () => {
  await closeRegistry();
  await dbaas("down", "--volumes");
  assert.deepEqual(await named("container"), []);
  assert.deepEqual(await named("network"), []);
  assert.deepEqual(await named("volume"), []);
  assert.equal((await docker("inspect", "--format", "{{.State.Running}}", bystander)).trim(), "true");
});

const workerImage = async (): Promise<string> =>
  (await docker("inspect", "--format", "{{.Config.Image}}", containers.orchestrator)).trim();
