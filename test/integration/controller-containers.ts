// What the tests of the controller need of the engine besides the controller itself: the docker command, and an image.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export const docker = async (...args: readonly string[]): Promise<string> =>
  (await run("docker", [...args], { timeout: 60_000 })).stdout.trim();

export function workerImage(): string {
  const image = process.env.DBAAS_IMAGE;
  if (image === undefined || image === "")
    throw new Error("set DBAAS_IMAGE: these tests start containers of the built image, see ./dbaas build");
  return image;
}

const list = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** Everything with the cluster's label or name goes. */
export async function removeCluster(cluster: string): Promise<void> {
  const containers = await docker("ps", "--all", "--quiet", "--filter", `name=^/${cluster}-`);
  if (containers !== "") await docker("rm", "--force", ...list(containers));
  const volumes = await docker("volume", "ls", "--quiet", "--filter", `name=${cluster}-`);
  if (volumes !== "") await docker("volume", "rm", ...list(volumes));
}

export const namesOf = async (cluster: string): Promise<readonly string[]> =>
  [...list(await docker("ps", "--filter", `name=^/${cluster}-w-`, "--format", "{{.Names}}"))].sort();

/** Short ids, as workers name themselves. */
export const idsOf = async (cluster: string): Promise<readonly string[]> =>
  [...list(await docker("ps", "--filter", `name=^/${cluster}-w-`, "--format", "{{.ID}}"))].sort();

export const pidOf = async (name: string): Promise<number> =>
  Number(await docker("inspect", "--format", "{{.State.Pid}}", name));
