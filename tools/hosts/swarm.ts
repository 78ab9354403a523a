// The Swarm of simulated hosts: made as an operator would make it.
import { lines } from "../cluster/command.ts";
import type { Hosts } from "./hosts.ts";

/** All are managers; the first one makes it. */
export async function makeSwarm(hosts: Hosts, count: number): Promise<void> {
  await hosts.docker(1, "swarm", "init", "--advertise-addr", hosts.addressOf(1));
  for (let host = 2; host <= count; host++) await joinSwarm(hosts, host, 1);
}

/** Once its host is gone for good. */
export async function leaveForGood(hosts: Hosts, host: number, manager: number): Promise<void> {
  for (const command of [["demote"], ["rm", "--force"]])
    await hosts.docker(manager, "node", ...command, `host-${host}`);
}

export async function joinSwarm(hosts: Hosts, host: number, manager: number): Promise<void> {
  const token = (await hosts.docker(manager, "swarm", "join-token", "--quiet", "manager")).trim();
  await hosts.docker(host, "swarm", "join", "--token", token, hosts.addressOf(manager));
}

/** The number in its name of the host whose manager leads, as another one sees it. */
export async function leadingManager(hosts: Hosts, seenBy: number): Promise<number | undefined> {
  const nodes = lines(
    await hosts.docker(seenBy, "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"),
  );
  const leader = nodes.find((line) => line.endsWith(" Leader"));
  return leader === undefined ? undefined : Number(/\d+/.exec(leader)?.[0]);
}
