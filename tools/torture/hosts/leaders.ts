// Looks for who leads what, each thing by its own word and not by what the service reports.
import { fromJson } from "../../../core/state/znodes.ts";
import { leadingManager } from "../../hosts/swarm.ts";
import { paths } from "../cluster/zookeeper.ts";
import { streamLeader } from "./broker.ts";
import { atSomeHost } from "./parts.ts";
import type { Leaders, Role } from "./roles.ts";
import { hosts } from "./testbed.ts";
import { workers } from "./workers.ts";
import { zooKeeper, zooKeeperLeader } from "./zookeeper.ts";

const looks: Readonly<Record<Role, () => Promise<number | undefined>>> = {
  master: async () => (await workers()).find(({ state }) => state === "master")?.host,
  "stream leader": streamLeader,
  "ZooKeeper leader": zooKeeperLeader,
  "acting controller": async () => {
    const node = await (await zooKeeper()).get(paths.controller);
    return numberIn(node === null ? null : fromJson<{ readonly host: string }>(node.data)?.host);
  },
  "Swarm leader": () => atSomeHost((host) => leadingManager(hosts, host)),
};

/** Hosts are named by their numbers: host-2. */
const numberIn = (name: string | null | undefined): number | undefined => {
  const [number] = /\d+$/.exec(name ?? "") ?? [];
  return number === undefined ? undefined : Number(number);
};

/** What cannot be learnt now is left out. */
export async function leadersNow(): Promise<Leaders> {
  const seen = await Promise.all(
    Object.entries(looks).map(async ([role, look]) => [role, await look().catch(() => undefined)] as const),
  );
  return Object.fromEntries(seen.filter(([, host]) => host !== undefined)) as Leaders;
}
