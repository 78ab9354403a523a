// The tortured cluster's broker: a connection as any client of it has, and its own command line.
import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery } from "../../../platform/rabbitmq/port.ts";
import { Rabbit } from "../../../platform/rabbitmq/rabbit.ts";
import { docker } from "../../cluster/command.ts";
import { containers, ports } from "../../cluster/settings.ts";
import { found, until } from "../../cluster/until.ts";
import { credentialsFor } from "./credentials.ts";

const opensWithinMs = 10_000;

/** From the host, whose way into the containers' network may be away for a moment when one of them goes. */
async function opened(): Promise<Rabbit> {
  const url = `amqp://${await credentialsFor("RABBITMQ")}@127.0.0.1:${ports.rabbit}`;
  return until("the broker takes a connection from the host", opensWithinMs, async () =>
    found(await Rabbit.open(url, "torture")),
  );
}

export async function withBroker<T>(use: (rabbit: Rabbit) => Promise<T>): Promise<T> {
  const rabbit = await opened();
  try {
    return await use(rabbit);
  } finally {
    await rabbit.close();
  }
}

export const rabbitmqctl = (...args: string[]): Promise<string> =>
  docker("exec", containers.rabbit, "rabbitmqctl", "--quiet", ...args);

export interface QueueSeen {
  readonly name: string;
  readonly messages: number;
  readonly consumers: number;
}

export const queuesSeen = async (): Promise<readonly QueueSeen[]> =>
  queuesIn(await rabbitmqctl("list_queues", "name", "messages", "consumers", "--formatter", "json"));

/** What `list_queues` wrote as JSON. */
export function queuesIn(text: string): readonly QueueSeen[] {
  const listed = JSON.parse(text) as { name: string; messages: number | ""; consumers: number | "" }[];
  return listed.map(({ name, messages, consumers }) => ({
    name,
    messages: Number(messages),
    consumers: Number(consumers),
  }));
}

/** Takes deliveries from a queue for a while, beside those who should have them. */
export const intercept = (
  queue: string,
  { most, ms }: { readonly most: number; readonly ms: number },
  each: (delivery: Delivery, rabbit: Rabbit) => Promise<void>,
): Promise<number> =>
  withBroker(async (rabbit) => {
    let taken = 0;
    const working: Promise<void>[] = [];
    const consumer = await rabbit.consume(queue, { prefetch: 1 }, (delivery) => {
      taken += 1;
      if (taken > most) delivery.requeue();
      else working.push(each(delivery, rabbit));
    });
    const endsAtMs = performance.now() + ms;
    while (taken < most && performance.now() < endsAtMs) await sleep(5);
    await consumer.cancel();
    await Promise.all(working);
    await consumer.close();
    return Math.min(taken, most);
  });
