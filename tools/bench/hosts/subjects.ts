// What is measured beside each other: the cluster of one host that `./dbaas bench` has brought up, and one on three simulated hosts.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { docker } from "../../cluster/command.ts";
import { rootDir } from "../../cluster/settings.ts";
import { Hosts } from "../../hosts/hosts.ts";
import { makeSwarm } from "../../hosts/swarm.ts";
import { whyNoHosts } from "../../hosts/whether.ts";
import type { HttpTarget } from "../load/http-client.ts";

export interface HostsSubject {
  /** For single requests of the bench itself. */
  readonly target: HttpTarget;
  /** For the load: one API, or one on each host. */
  readonly apis: readonly [HttpTarget, ...(readonly HttpTarget[])];
  /** What runs the generator where it reaches them. */
  readonly within: readonly string[];
}

const apiPort = 80;
const hostNumbers = [1, 2, 3] as const;

export async function oneHost(cluster: string): Promise<HostsSubject> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const listed = await docker("inspect", "--format", format, `${cluster}-orchestrator`);
  const [host] = listed.trim().split(" ");
  if (host === undefined || host === "") throw new Error("the cluster of one host has no address");
  const target = { host, port: apiPort };
  return { target, apis: [target], within: [] };
}

export interface ThreeHosts extends HostsSubject {
  readonly down: () => Promise<void>;
}

/** @throws when this machine cannot simulate them, or they do not come up */
export async function threeHosts(cluster: string): Promise<ThreeHosts> {
  const reason = whyNoHosts();
  if (reason !== null) throw new Error(reason);
  const settings = { DBAAS_CLUSTER: cluster, DBAAS_MANIFESTS: "/dbaas/.dbaas/manifests" };
  const hosts = new Hosts({ name: "dbaas-bench", network: "10.98.40", settings });
  await hosts.prepare();
  await hosts.down();
  try {
    await hosts.up(hostNumbers.length);
    await makeSwarm(hosts, hostNumbers.length);
    const manifests = join(hosts.stateOf(1), "manifests");
    await mkdir(manifests, { recursive: true });
    const manifest = await readFile(join(rootDir, "tools", "bench", "manifest.yaml"), "utf8");
    await writeFile(join(manifests, "dbaas.yaml"), manifest);
    await hosts.dbaas(1, "up", "--swarm");
    const api = (host: number): HttpTarget => ({ host: hosts.addressOf(host), port: apiPort });
    const target = { host: "127.0.0.1", port: await hosts.reach(1, apiPort) };
    return {
      target,
      apis: [api(1), api(2), api(3)],
      within: hosts.besideThem,
      down: () => hosts.down(),
    };
  } catch (error) {
    await hosts.down();
    throw error;
  }
}
