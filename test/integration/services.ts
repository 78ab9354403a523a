// The RabbitMQ and ZooKeeper that these tests run against. Queue names are fixed, so a test file has the virtual host to
// itself: it empties it before it begins and after it ended.
import { randomBytes } from "node:crypto";
import { connect } from "amqplib";
import { queues } from "../../core/messages/queues.ts";

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(`set ${name}: the integration tests need a RabbitMQ and a ZooKeeper of their own`);
  return value;
}

export const rabbitUrl = (): string => needed("TEST_RABBITMQ_URL");
export const zooKeeperServers = (): string => needed("TEST_ZOOKEEPER");

/** No two runs share a znode. */
export const uniqueCluster = (): string => `test-${randomBytes(5).toString("hex")}`;

export async function deleteQueues(): Promise<void> {
  const model = await connect(rabbitUrl());
  try {
    for (const queue of Object.values(queues)) {
      const channel = await model.createChannel();
      await channel.deleteQueue(queue);
      await channel.close();
    }
  } finally {
    await model.close();
  }
}
