import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { queues } from "../../../../core/messages/queues.ts";
import { Publisher } from "../../../../platform/rabbitmq/messages.ts";
import { RefusedMessageError } from "../../../../platform/rabbitmq/port.ts";

/** Keeps to which queues it was published; says what the test has it say. */
function channel() {
  const published: string[] = [];
  const settled: ((error: unknown) => void)[] = [];
  return {
    published,
    settled,
    on: () => undefined,
    sendToQueue: (queue: string, _content: Buffer, _properties: object, settle: (error: unknown) => void) => {
      published.push(queue);
      settled.push(settle);
      return true;
    },
  };
}

function publisher() {
  const channels = { log: channel(), others: channel() };
  const connection = { nowMs: 0, messages: 0, ends: [] as string[] };
  const one = new Publisher(channels, {
    depth: async () => ({ messages: connection.messages }),
    end: ({ message }) => connection.ends.push(message),
    monotonicMs: () => connection.nowMs,
  });
  return {
    ...channels,
    connection,
    end: (reason: Error) => one.end(reason),
    publish: (queue: string) => one.publish(queue, Buffer.of(1), {}),
  };
}

describe("what is published and confirmed", () => {
  it("goes over a channel of its own where it is a record of the log, and nothing else does", async () => {
    const { log, others, publish } = publisher();
    const all = [queues.write, queues.sync, queues.dead, "snapshot", queues.sync].map(publish);
    for (const settle of [...log.settled, ...others.settled]) settle(null);
    await Promise.all(all);
    assert.deepEqual(log.published, [queues.sync, queues.sync]);
    assert.deepEqual(others.published, [queues.write, queues.dead, "snapshot"]);
  });

  it("is refused where the broker refuses it, on either channel", async () => {
    const { log, others, publish } = publisher();
    const both = [publish(queues.sync), publish(queues.write)];
    for (const settle of [...log.settled, ...others.settled]) settle(new Error("nack"));
    for (const one of both) await assert.rejects(one, RefusedMessageError);
  });

  it("has an unknown fate on both channels when the connection is lost", async () => {
    const { end, publish } = publisher();
    const both = [publish(queues.sync), publish(queues.write)];
    end(new Error("lost"));
    for (const one of both) await assert.rejects(one, /lost/);
  });

  it("gives the connection up where an empty queue refuses every message for seconds", async () => {
    const { others, connection, publish } = publisher();
    const refused = async (atMs: number): Promise<readonly string[]> => {
      connection.nowMs = atMs;
      const one = publish(queues.write);
      others.settled.at(-1)?.(new Error("nack"));
      await assert.rejects(one, RefusedMessageError);
      return connection.ends;
    };
    assert.deepEqual(await refused(0), []);
    assert.deepEqual(await refused(1_900), []);
    assert.deepEqual(await refused(2_000), ["writeQ is empty, and takes no message on this connection"]);
  });

  it("keeps the connection where a full queue refuses, or one takes a message in between", async () => {
    const { others, connection, publish } = publisher();
    const settled = async (atMs: number, error: Error | null): Promise<void> => {
      connection.nowMs = atMs;
      const one = publish(queues.write).catch(() => undefined);
      others.settled.at(-1)?.(error);
      await one;
    };
    connection.messages = 20_000;
    for (const atMs of [0, 2_000, 4_000, 6_000]) await settled(atMs, new Error("nack"));
    connection.messages = 0;
    await settled(6_500, null);
    for (const atMs of [7_000, 8_900]) await settled(atMs, new Error("nack"));
    assert.deepEqual(connection.ends, []);
  });
});
