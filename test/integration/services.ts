// The RabbitMQ and ZooKeeper that these tests run against. Queue names are fixed, so a test file has the virtual host to
// itself: it empties it before it begins and after it ended.
import { randomBytes } from "node:crypto";
import { connect } from "amqplib";
import { bootQueueOf, queues } from "../../core/messages/queues.ts";
import { brokersIn } from "../../platform/rabbitmq/brokers.ts";
import { rabbitAt } from "../../platform/rabbitmq/open.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(`set ${name}: the integration tests need a RabbitMQ and a ZooKeeper of their own`);
  return value;
}

/** As programs get it: several brokers of one cluster may stand in it. */
export const rabbitUrl = (): string => needed("TEST_RABBITMQ_URL");
const brokerUrls = (): readonly string[] => brokersIn(rabbitUrl()).map(({ url }) => url);
/** One broker, for what a test does to it by hand. */
export const brokerUrl = (): string => brokerUrls()[0] ?? rabbitUrl();
/** Of several brokers none keeps answers for the others. */
export const answerQueueAt = async (rabbit: BrokerConnection): Promise<string> =>
  brokerUrls().length > 1 ? rabbit.declareTemporary() : queues.response;
/** Where the brokers keep what they forget at a restart. */
export const memoryQueues = (): readonly string[] =>
  brokerUrls().length > 1 ? brokerUrls().map((_, i) => bootQueueOf(i)) : [queues.boot];
export const openRabbit = (name = "test"): Promise<BrokerConnection> => rabbitAt(rabbitUrl())(name);
export const zooKeeperServers = (): string => needed("TEST_ZOOKEEPER");

/** No two runs share a znode. */
export const uniqueCluster = (): string => `test-${randomBytes(5).toString("hex")}`;

export async function deleteQueues(): Promise<void> {
  const model = await connect(brokerUrl());
  try {
    for (const queue of [...Object.values(queues), ...memoryQueues()]) {
      const channel = await model.createChannel();
      await channel.deleteQueue(queue);
      await channel.close();
    }
  } finally {
    await model.close();
  }
}
