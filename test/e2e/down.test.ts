// Taking the cluster down: everything it made goes and nothing else; the data goes only when asked for. Runs last.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ensureUp, settled, useCluster } from "../support/cluster.ts";
import { dbaas, docker, lines } from "../support/command.ts";
import { equalCopies, everyWorkerHas } from "../support/copies.ts";
import { insertUsers } from "../support/database.ts";
import { closeRegistry } from "../support/registry.ts";
import { cluster, containers } from "../support/settings.ts";

/** Not of the cluster: one has nothing to do with it, the other only claims to. */
const bystanders = {
  "bystander-by-chance": "purpose=none",
  "bystander-with-our-label": `dbaas.cluster=${cluster}`,
};

useCluster({
  afterwards: () => docker("rm", "--force", ...Object.keys(bystanders)),
  leaveAsItIs: true,
});

const named = async (what: "container" | "volume" | "network"): Promise<readonly string[]> => {
  const all =
    what === "container" ? ["ps", "--all", "--format", "{{.Names}}"] : [what, "ls", "--format", "{{.Name}}"];
  return lines(await docker(...all)).filter((name) => name.startsWith(`${cluster}-`));
};

test("down removes the containers and the network and keeps the volumes; up then has all data again", async () => {
  await settled();
  await insertUsers("before-down");
  for (const [name, label] of Object.entries(bystanders))
    await docker(
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      label,
      "--entrypoint",
      "sleep",
      await workerImage(),
      "600",
    );
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

test("down --volumes leaves nothing of the cluster, and containers that are not of it go on", async () => {
  await closeRegistry();
  await dbaas("down", "--volumes");
  assert.deepEqual(await named("container"), []);
  assert.deepEqual(await named("network"), []);
  assert.deepEqual(await named("volume"), []);
  for (const name of Object.keys(bystanders))
    assert.equal((await docker("inspect", "--format", "{{.State.Running}}", name)).trim(), "true", name);
});

const workerImage = async (): Promise<string> =>
  (await docker("inspect", "--format", "{{.Config.Image}}", containers.orchestrator)).trim();
