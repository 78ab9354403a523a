import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect } from "amqplib";
import { TerminalError } from "../../core/errors.ts";
import { queues } from "../../core/messages/queues.ts";
import { sleep } from "../../platform/process/waiting.ts";
import { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import { brokerContract } from "../contract/broker-contract.ts";
import { brokerUrl, deleteQueues, openRabbit } from "./services.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { found, notYet, until } from "./until.ts";

const retention = { maxBytes: 2 ** 26, maxAgeSeconds: 3_600 };

brokerContract("RabbitMQ", {
  open: async () => {
    await deleteQueues();
    const rabbit = await openRabbit();
    await rabbit.declareQueues();
    await rabbit.declareLog(retention);
    await rabbit.close();
  },
  connect: () => openRabbit(),
  close: deleteQueues,
});

describe("the door to RabbitMQ", () => {
  before(deleteQueues);
  after(deleteQueues);

  it("says what an operator must do when a queue was declared otherwise", async () => {
    const model = await connect(brokerUrl());
    const channel = await model.createChannel();
    await channel.assertQueue(queues.read, { durable: true, arguments: { "x-queue-type": "classic" } });
    const rabbit = await openRabbit();
    await assert.rejects(rabbit.declareQueues(), (error) => {
      assert.ok(error instanceof TerminalError);
      assert.match(error.message, /queue readQ exists with other properties.*rabbitmqctl delete_queue readQ/);
      return true;
    });
    assert.equal(rabbit.ended.aborted, false, "the connection serves on");
    await rabbit.close();
    await channel.deleteQueue(queues.read);
    await model.close();
  });

  it("keeps an existing log as it is, whatever retention is asked for later", async () => {
    const rabbit = await openRabbit();
    await rabbit.declareLog(retention);
    await rabbit.declareLog({ ...retention, maxAgeSeconds: 60 });
    assert.equal(rabbit.ended.aborted, false);
    await rabbit.close();
  });

  it("drops a message whose time is up, and none before", async () => {
    const rabbit = await openRabbit();
    await rabbit.declareQueues();
    await rabbit.publish(queues.read, Buffer.from("a"), { expirationMs: 100 });
    await rabbit.publish(queues.read, Buffer.from("b"), { expirationMs: 60_000 });
    await sleep(500);
    const taken: string[] = [];
    await rabbit.consume(queues.read, { prefetch: 10 }, (one) => {
      taken.push(one.content.toString());
      one.ack();
    });
    await until("one came", 30_000, async () => (taken.length > 0 ? found(true) : notYet(taken)));
    assert.deepEqual(taken, ["b"]);
    await rabbit.close();
  });

  it("a temporary queue goes with its connection", async () => {
    const [one, other] = [await openRabbit(), await openRabbit()];
    const queue = await one.declareTemporary();
    await other.publish(queue, Buffer.from("a"));
    await one.close();
    await until("it is gone", 30_000, async () =>
      other.publish(queue, Buffer.from("b")).then(
        () => notYet("it takes messages"),
        () => found(true),
      ),
    );
    await other.close();
  });

  it("a consumed queue that is deleted ends the connection", async () => {
    const rabbit = await openRabbit();
    await rabbit.declareQueues();
    await rabbit.consume(queues.read, { prefetch: 1 }, () => undefined);
    await deleteQueues();
    await until("it ended", 30_000, async () => (rabbit.ended.aborted ? found(true) : notYet("it lives")));
    assert.match(String(rabbit.ended.reason), /readQ was deleted/);
  });

  it("a connection over which nothing comes any more ends within seconds", async () => {
    const { hostname, port } = new URL(brokerUrl());
    const proxy = await TcpProxy.to(hostname, Number(port));
    const url = new URL(brokerUrl());
    url.host = `127.0.0.1:${proxy.port}`;
    const rabbit = await Rabbit.open(url.toString(), "test");
    await rabbit.declareQueues();
    proxy.hold();
    const publishing = rabbit.publish(queues.read, Buffer.from("a"));
    publishing.catch(() => undefined);
    await until("it ended", 30_000, async () => (rabbit.ended.aborted ? found(true) : notYet("it lives")));
    await assert.rejects(publishing, { name: "TransientError" });
    await proxy.close();
  });

  it("a broker that is not there is a passing trouble", async () => {
    await assert.rejects(Rabbit.open("amqp://nobody:nothing@127.0.0.1:1", "test"), {
      name: "TransientError",
    });
  });
});
