// PURE: what the loss of a host would cost now, in words, and what each host leads.
import { majorityOf } from "../../core/rules/majority.ts";
import { type HostPart, type HostRole, type HostStatus, hostParts } from "../../core/state/status.ts";
import type { HostSeen } from "../ports.ts";
import { isReady, type Observed } from "../reconcile/workers.ts";

type Seen = Pick<Observed, "hosts" | "workers" | "log">;

export const hostsStatus = (seen: Seen): readonly HostStatus[] =>
  seen.hosts.map((host) => ({
    name: host.name,
    number: host.number,
    reachable: host.reachable,
    sinceMs: host.sinceMs,
    workers: seen.workers.filter(({ phase, container }) => container.host === host.name && phase !== "dead")
      .length,
    leads: rolesOf(host, seen),
    partsAway: host.partsAway,
    lossWouldCost: lossWouldCost(host, seen),
  }));

const rolesOf = (host: HostSeen, { workers }: Seen): readonly HostRole[] => [
  ...(workers.some(({ phase, container }) => phase === "master" && container.host === host.name)
    ? (["master"] as const)
    : []),
  ...host.leads,
];

/**
 * Why the service would stop if this host were away, in words; null where it would go on. Brokers and ZooKeeper servers stand on each host,
 * and go on while a majority of them does.
 */
function whatStopsWithout(host: HostSeen, { hosts }: Pick<Seen, "hosts">): string | null {
  const needed = majorityOf(hosts.length);
  const others = hosts.filter(({ name, reachable }) => reachable && name !== host.name);
  if (others.length < needed) {
    const reachable = hosts.filter((one) => one.reachable).length;
    return `${reachable} of ${hosts.length} hosts are reachable, and ${needed} are needed`;
  }
  for (const part of hostParts) {
    const away = others.filter(({ partsAway }) => partsAway.includes(part));
    if (others.length - away.length < needed)
      return `${away.map((one) => partsAwayInWords(one, [part])).join(", ")}, and ${needed} of ${hosts.length} are needed`;
  }
  return null;
}

export const partsAwayInWords = ({ name, partsAway }: HostSeen, parts = partsAway): string =>
  `the ${parts.map((part) => partNames[part]).join(" and the ")} of ${name} ${parts.length === 1 ? "takes" : "take"} no part`;

const partNames = { broker: "broker", zookeeper: "ZooKeeper server" } as const satisfies Record<
  HostPart,
  string
>;

/** Why the loss of one more host, whichever it is, could stop the service; null where it could not. */
export function whatStopsWithOneLess(seen: Pick<Seen, "hosts">): string | null {
  for (const host of seen.hosts) {
    const why = whatStopsWithout(host, seen);
    if (why !== null) return why;
  }
  return null;
}

/**
 * Another host's disk has what was answered. Without that, the loss of the master's host can stop the service for as long as a broker
 * that was restarted has not copied all of the log.
 */
export const isWitnessed = ({ log }: Pick<Observed, "log">): boolean => (log?.witnesses ?? []).length > 0;

/** Empty when it is away: what that costs has happened. */
function lossWouldCost(host: HostSeen, seen: Seen): string {
  if (!host.reachable) return "";
  if (seen.hosts.length === 1) return "the service: there is no other host";
  const stops = whatStopsWithout(host, seen);
  if (stops !== null) return `the service until it is back: ${stops}`;
  const ready = seen.workers.filter(isReady);
  const here = ready.filter(({ container }) => container.host === host.name);
  if (here.length > 0 && here.length === ready.length)
    return "reads and writes until another host has a complete copy: all that are ready are here";
  const roles = rolesOf(host, seen);
  if (roles.includes("master") && !isWitnessed(seen))
    return "writes for some seconds, or the service until it is back: no worker on another host keeps up with the master";
  const pauses = [
    ...(roles.includes("master") ? ["a slave takes over from the master"] : []),
    ...(roles.includes("stream") ? ["another broker leads the log"] : []),
    ...(roles.includes("zookeeper") ? ["another ZooKeeper server leads"] : []),
  ];
  if (pauses.length > 0) return `writes for some seconds: ${pauses.join(", ")}`;
  return here.length > 0 ? "no more than a slave, which is started elsewhere" : "no more than redundancy";
}
