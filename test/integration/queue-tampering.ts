// What tests do to queues behind the workers' backs.
import { connect } from "amqplib";
import { brokerUrl } from "./services.ts";

/**
 * Takes messages in which this text stands and goes away without an acknowledgement, as a worker that dies over them. Others are what a
 * worker had answered and not acknowledged yet when it was killed: they are taken away.
 */
export async function takeAndDie(queue: string, count: number, text: string): Promise<readonly string[]> {
  const model = await connect(brokerUrl());
  const channel = await model.createChannel();
  await channel.prefetch(count);
  const taken: string[] = [];
  await new Promise<void>((resolve, reject) => {
    channel
      .consume(queue, (message) => {
        if (message === null) return reject(new Error(`${queue} is gone`));
        if (!message.content.includes(text)) return channel.ack(message);
        taken.push(String(message.properties.correlationId));
        if (taken.length === count) resolve();
      })
      .catch(reject);
  });
  await model.close();
  return taken;
}

/** Takes everything out of a queue. */
export async function takeAll(queue: string): Promise<readonly string[]> {
  const model = await connect(brokerUrl());
  const channel = await model.createChannel();
  const contents: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) break;
    contents.push(message.content.toString());
  }
  await model.close();
  return contents;
}

/** Makes the log before any worker does, with segments so small that it is soon trimmed. */
export async function declareTinyLog(queue: string): Promise<void> {
  const model = await connect(brokerUrl());
  const channel = await model.createChannel();
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      "x-queue-type": "stream",
      "x-max-length-bytes": 300_000,
      "x-stream-max-segment-size-bytes": 100_000,
    },
  });
  await model.close();
}

export async function deleteQueue(queue: string): Promise<void> {
  const model = await connect(brokerUrl());
  const channel = await model.createChannel();
  await channel.deleteQueue(queue);
  await model.close();
}
