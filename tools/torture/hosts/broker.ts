// The brokers of three hosts: a connection to one of them, which of them leads the log, and what queues there are.

import { queues } from "../../../core/messages/queues.ts";
import { Rabbit } from "../../../platform/rabbitmq/rabbit.ts";
import { found, until } from "../../cluster/until.ts";
import { type QueueSeen, queuesIn } from "../cluster/broker.ts";
import type { WithBroker } from "../world.ts";
import { credentials } from "./credentials.ts";
import { atSomeHost, commandIn, portInto } from "./parts.ts";
import type { HostNumber } from "./testbed.ts";

const brokerPort = 5672;
const managementPort = 15672;
const opensWithinMs = 20_000;
const answersWithinMs = 3_000;

const opened = (): Promise<Rabbit> =>
  until("a broker takes a connection", opensWithinMs, () =>
    atSomeHost(async (host) => {
      const port = await portInto(host, "rabbitmq", brokerPort);
      return found(await Rabbit.open(`amqp://${await credentials("RABBITMQ")}@127.0.0.1:${port}`, "torture"));
    }),
  );

export const withBroker: WithBroker = async (use) => {
  const rabbit = await opened();
  try {
    return await use(rabbit);
  } finally {
    await rabbit.close();
  }
};

interface StreamSeen {
  /** `rabbit@rabbitmq-2`. Before RabbitMQ 4 the leader is told as `node`. */
  readonly leader?: string;
  readonly node?: string;
}

/** @throws when its broker does not answer, or answers with a failure */
async function told<T>(host: HostNumber, path: string): Promise<T> {
  const port = await portInto(host, "rabbitmq", managementPort);
  const answer = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    headers: { authorization: `Basic ${Buffer.from(await credentials("RABBITMQ")).toString("base64")}` },
    signal: AbortSignal.timeout(answersWithinMs),
  });
  if (!answer.ok) throw new Error(`broker of host ${host}: ${answer.status}`);
  return (await answer.json()) as T;
}

const logSeenBy = (host: HostNumber): Promise<StreamSeen> => told(host, `queues/%2f/${queues.sync}`);

/** @throws when it does not answer, or a queue has no member to spare */
export const canSpareQueues = (host: HostNumber): Promise<unknown> =>
  told(host, "health/checks/node-is-quorum-critical");

export async function streamLeader(): Promise<number | undefined> {
  const { leader, node } = await atSomeHost(logSeenBy);
  const [number] = /\d+$/.exec(leader ?? node ?? "") ?? [];
  return number === undefined ? undefined : Number(number);
}

/** How many brokers have the log at hand, as that one sees it. To ask costs the machine a second: it is not in the management interface. */
export async function logReplicas(host: HostNumber): Promise<number> {
  const text = await rabbitmqctlOn(host, "list_queues", "name", "online", "--formatter", "json");
  const listed = JSON.parse(text) as readonly { readonly name: string; readonly online: unknown }[];
  const online = listed.find(({ name }) => name === queues.sync)?.online;
  return Array.isArray(online) ? online.length : 0;
}

/** The brokers whose tables of queues are apart from another one's, which are ended before long; by any of them. To ask costs a second too. */
export async function brokersApart(host: HostNumber): Promise<readonly string[]> {
  const text = await rabbitmqctlOn(host, "cluster_status", "--formatter", "json");
  const { partitions } = JSON.parse(text) as { readonly partitions: Readonly<Record<string, unknown>> };
  return Object.keys(partitions);
}

/** By the entry point, which knows where an image keeps its commands. */
const rabbitmqctlOn = (host: HostNumber, ...args: readonly string[]): Promise<string> =>
  commandIn(host, "rabbitmq", "docker-entrypoint.sh", "rabbitmqctl", "--quiet", ...args);

export const queuesSeen = async (): Promise<readonly QueueSeen[]> =>
  queuesIn(
    await atSomeHost((host) =>
      rabbitmqctlOn(host, "list_queues", "name", "messages", "consumers", "--formatter", "json"),
    ),
  );
