// What a connection to the broker leaves behind when its life ends for another reason than its own loss: nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "amqplib";
import { queues } from "../../core/messages/queues.ts";
import { aborted, within } from "../../platform/process/waiting.ts";
import { rabbitAt } from "../../platform/rabbitmq/open.ts";
import { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import { deleteQueues, rabbitUrl } from "./services.ts";
import { found, notYet, until } from "./until.ts";

before(deleteQueues);
after(deleteQueues);

async function deleteQueue(name: string): Promise<void> {
  const model = await connect(rabbitUrl());
  const channel = await model.createChannel();
  await channel.deleteQueue(name);
  await model.close();
}

test("a connection whose queue was deleted ends, and keeps nothing in the broker", async () => {
  const rabbit = await Rabbit.open(rabbitUrl(), "test-deleted-queue");
  await rabbit.declareQueues();
  await rabbit.declareTemporary("test-own");
  await rabbit.consume(queues.read, { prefetch: 1 }, () => undefined);
  await deleteQueue(queues.read);
  await within(aborted(rabbit.ended), 30_000, "notice that the queue is gone");
  await rabbit.close();
  // A temporary queue belongs to its connection: while that is open, nobody else may have one of this name.
  // It goes a moment after its connection, and a declaration that was refused ends the connection that asked.
  const made = await until("the name is free", 30_000, async () => {
    const other = await Rabbit.open(rabbitUrl(), "test-other");
    return other
      .declareTemporary("test-own")
      .then(found, notYet)
      .finally(() => other.close());
  });
  assert.equal(made, "test-own");
});

test("of several brokers the preferred one is tried first, and the connection knows when it leads to another one", async () => {
  const { host } = new URL(rabbitUrl());
  const url = rabbitUrl().replace(host, `127.0.0.1:1,${host}`);
  for (const [preferred, awayFrom] of [
    [undefined, undefined],
    [host, undefined],
    ["127.0.0.1:1", 0],
  ] as const) {
    const connection = await rabbitAt(url, { preferred })("test-preferred");
    assert.equal(connection.awayFrom, awayFrom, `preferred ${preferred}`);
    await connection.close();
  }
});

test("closing twice, and closing what has ended, are the same as closing once", async () => {
  const rabbit = await Rabbit.open(rabbitUrl(), "test-twice");
  await Promise.all([rabbit.close(), rabbit.close()]);
  await rabbit.close();
  assert.ok(rabbit.ended.aborted);
});
