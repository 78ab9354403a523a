// Plain mode's way to RabbitMQ, with queue names of its own beside the service's.
import { type Channel, type ConfirmChannel, type ConsumeMessage, connect } from "amqplib";

export const plainQueues = {
  read: "plain.readQ",
  write: "plain.writeQ",
  sync: "plain.syncQ",
  response: "plain.responseQ",
} as const;

export interface Broker {
  readonly channel: Channel;
  readonly confirming: ConfirmChannel;
}

export async function openBroker(url: string): Promise<Broker> {
  // The one concession: with amqplib's default, Nagle's delay holds back every answer's ack and plain mode does 20 requests
  // a second. A yardstick that slow would flatter anything.
  const connection = await connect(url, { noDelay: true });
  connection.on("close", () => process.exit(1));
  const channel = await connection.createChannel();
  await channel.assertQueue(plainQueues.read, { durable: true });
  await channel.assertQueue(plainQueues.write, { durable: true });
  await channel.assertQueue(plainQueues.response, { durable: true });
  await channel.assertQueue(plainQueues.sync, { durable: true, arguments: { "x-queue-type": "stream" } });
  return { channel, confirming: await connection.createConfirmChannel() };
}

export function answer({ channel }: Broker, message: ConsumeMessage, body: unknown): void {
  channel.sendToQueue(message.properties.replyTo, Buffer.from(JSON.stringify(body)), {
    correlationId: message.properties.correlationId,
    persistent: true,
  });
  channel.ack(message);
}
