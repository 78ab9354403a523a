// Whether a part of a host serves: of the broker that its queues have all their members, of the ZooKeeper server that it belongs to the
// others, of the orchestrator that its API is ready. The log is all brokers' together.
import { messageOf } from "../../../core/errors.ts";
import { call } from "../../cluster/http.ts";
import { found, notYet, until } from "../../cluster/until.ts";
import { apis } from "./apis.ts";
import { brokersApart, canSpareQueues, logReplicas } from "./broker.ts";
import type { Part } from "./parts.ts";
import { type HostNumber, hostNumbers } from "./testbed.ts";
import { modeOn } from "./zookeeper.ts";

const readyWithinMs = 5_000;

/** Null when it does, else in words what is missing. */
export const lackOf: Readonly<Record<Part, (host: HostNumber) => Promise<string | null>>> = {
  rabbitmq: (host) =>
    canSpareQueues(host).then(
      () => null,
      (error: unknown) => `host ${host}: ${messageOf(error)}`,
    ),
  zookeeper: async (host) =>
    (await modeOn(host)) === null ? `host ${host}: its ZooKeeper server does not serve` : null,
  orchestrator: async (host) => {
    const { status, text } = await call("GET", "/readyz", {
      port: apis.portOf(host),
      timeoutMs: readyWithinMs,
    });
    return status === 200 ? null : `host ${host}: ${text.slice(0, 200)}`;
  },
};

/** As the broker of that host sees it. */
export async function lackOfLog(host: HostNumber): Promise<string | null> {
  const replicas = await logReplicas(host).catch(() => 0);
  if (replicas !== hostNumbers.length) return `host ${host}: ${replicas} replicas of the log`;
  const apart = await brokersApart(host).catch((error: unknown) => [messageOf(error)]);
  return apart.length === 0 ? null : `host ${host}: apart from others: ${apart.join(", ")}`;
}

export const partServes = (host: HostNumber, part: Part, withinMs: number): Promise<boolean> =>
  until(`the ${part} of host ${host} serves`, withinMs, async () => {
    const lack = (await lackOf[part](host)) ?? (part === "rabbitmq" ? await lackOfLog(host) : null);
    return lack === null ? found(true) : notYet(lack);
  });
