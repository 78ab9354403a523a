// PURE: what the loss of a host would cost now, in words, and what each host leads.
import type { HostRole, HostStatus } from "../../core/state/status.ts";
import type { HostSeen } from "../ports.ts";
import { isReady, type Observed } from "../reconcile/workers.ts";

type Seen = Pick<Observed, "hosts" | "workers">;

export const hostsStatus = (seen: Seen): readonly HostStatus[] =>
  seen.hosts.map((host) => ({
    name: host.name,
    number: host.number,
    reachable: host.reachable,
    sinceMs: host.sinceMs,
    workers: seen.workers.filter(({ phase, container }) => container.host === host.name && phase !== "dead")
      .length,
    leads: rolesOf(host, seen),
    lossWouldCost: lossWouldCost(host, seen),
  }));

const rolesOf = (host: HostSeen, { workers }: Seen): readonly HostRole[] => [
  ...(workers.some(({ phase, container }) => phase === "master" && container.host === host.name)
    ? (["master"] as const)
    : []),
  ...host.leads,
];

/** Brokers and ZooKeeper servers stand on each host, and go on while a majority of them does. */
const majorityOf = (hosts: number): number => Math.floor(hosts / 2) + 1;

export const canLoseOne = ({ hosts }: Pick<Seen, "hosts">): boolean =>
  hosts.filter(({ reachable }) => reachable).length > majorityOf(hosts.length);

/** Empty when it is away: what that costs has happened. */
function lossWouldCost(host: HostSeen, seen: Seen): string {
  if (!host.reachable) return "";
  if (seen.hosts.length === 1) return "the service: there is no other host";
  if (!canLoseOne(seen)) {
    const reachable = seen.hosts.filter((one) => one.reachable).length;
    return `the service until it is back: ${reachable} of ${seen.hosts.length} hosts are reachable, and ${majorityOf(seen.hosts.length)} are needed`;
  }
  const ready = seen.workers.filter(isReady);
  const here = ready.filter(({ container }) => container.host === host.name);
  if (here.length > 0 && here.length === ready.length)
    return "reads and writes until another host has a complete copy: all that are ready are here";
  const roles = rolesOf(host, seen);
  const pauses = [
    ...(roles.includes("master") ? ["a slave takes over from the master"] : []),
    ...(roles.includes("stream") ? ["another broker leads the log"] : []),
    ...(roles.includes("zookeeper") ? ["another ZooKeeper server leads"] : []),
  ];
  if (pauses.length > 0) return `writes for some seconds: ${pauses.join(", ")}`;
  return here.length > 0 ? "no more than a slave, which is started elsewhere" : "no more than redundancy";
}
