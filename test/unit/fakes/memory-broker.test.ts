import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { queues } from "../../../core/messages/queues.ts";
import { type Delivery, RefusedMessageError } from "../../../platform/rabbitmq/port.ts";
import { brokerContract } from "../../contract/broker-contract.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryBroker } from "../../fakes/memory-broker.ts";
import { type RunningWorld, runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";

const { world, stop } = runningWorld(1);
const broker = new MemoryBroker(world, queues.sync, [
  queues.read,
  queues.write,
  queues.response,
  queues.dead,
]);
const link = new Link(world, "test", 3);

brokerContract("in memory", {
  open: async () => undefined,
  connect: async () => broker.connect(new VirtualProcess(world, "test"), link),
  close: async () => stop(),
});

const several = runningWorld(3);
const brokers = new MemoryBroker(several.world, queues.sync, [queues.read, queues.write], 3);
let connections = 0;

brokerContract("several in memory", {
  open: async () => undefined,
  brokers: 3,
  connect: async () => {
    connections += 1;
    const process = new VirtualProcess(several.world, "test");
    const link = new Link(several.world, `test ${connections}`, 3);
    const connection = brokers.connect(process, link, connections % 3);
    const close = async () => {
      await connection.close();
      // It is over for the broker as well.
      await process.sleep(10);
    };
    return new Proxy(connection, {
      get: (of, name) => {
        if (name === "close") return close;
        const value = of[name as keyof typeof of];
        return typeof value === "function" ? value.bind(of) : value;
      },
    });
  },
  close: async () => several.stop(),
});

describe("the broker in memory", () => {
  let running: RunningWorld;
  const opened = () => {
    const made = new MemoryBroker(running.world, queues.sync, []);
    made.declareQueues();
    const process = new VirtualProcess(running.world, "limits");
    const connection = () => made.connect(process, new Link(running.world, "limits", 1));
    return { made, process, connection: connection(), another: connection };
  };
  const keeping = () => {
    const taken: Delivery[] = [];
    return { taken, keep: (delivery: Delivery) => void taken.push(delivery) };
  };

  before(() => {
    running = runningWorld(2);
  });
  after(() => running.stop());

  it("refuses what is beyond a queue's limit", async () => {
    const { connection } = opened();
    const queue = await connection.declareTemporary("", 1);
    await connection.publish(queue, Buffer.from("1"));
    await assert.rejects(connection.publish(queue, Buffer.from("2")), RefusedMessageError);
  });

  it("has less room than is declared where it is made so, and tells of a program that has too much on its way to it", async () => {
    const { process } = opened();
    const small = new MemoryBroker(running.world, queues.sync, []);
    small.roomMax = 1;
    small.declareQueues();
    const told: number[] = [];
    small.onTooMuch = (of, bytes) => void (of === process && told.push(bytes));
    const narrow = small.connect(process, new Link(running.world, "narrow", 1));
    await narrow.publish(queues.write, Buffer.from("1"));
    await assert.rejects(narrow.publish(queues.write, Buffer.from("2")), RefusedMessageError);

    const mebibytes = (count: number) => Array.from({ length: count }, () => Buffer.alloc(2 ** 20));
    for (const one of mebibytes(6)) await narrow.publish(queues.response, one);
    assert.deepEqual(told, []);
    await Promise.all(mebibytes(6).map((one) => narrow.publish(queues.response, one)));
    assert.deepEqual(told, [5 * 2 ** 20]);
  });

  it("drops what has waited beyond its time", async () => {
    const { connection, process } = opened();
    await connection.publish(queues.write, Buffer.from("late"), { expirationMs: 100 });
    await connection.publish(queues.write, Buffer.from("later"), { expirationMs: 10_000 });
    await process.sleep(200);
    const { taken, keep } = keeping();
    await connection.consume(queues.write, { prefetch: 10 }, keep);
    await process.sleep(50);
    assert.deepEqual(
      taken.map(({ content }) => content.toString()),
      ["later"],
    );
  });

  it("reads a log from its first record when what was asked for is trimmed", async () => {
    const { made, connection, process } = opened();
    for (const text of ["0", "1", "2"]) await connection.publish(queues.sync, Buffer.from(text));
    made.trim(1);
    const { taken, keep } = keeping();
    await connection.consume(queues.sync, { prefetch: 10, streamOffset: 0 }, keep);
    await process.sleep(50);
    assert.deepEqual(
      taken.map(({ streamOffset }) => streamOffset),
      [2],
    );
  });

  it("has a log that reaches what is trimmed from it, and no log that reaches anything once it is deleted", async () => {
    const { made, connection } = opened();
    for (const text of ["0", "1", "2"]) await connection.publish(queues.sync, Buffer.from(text));
    made.trim(1);
    assert.deepEqual([await connection.logReaches(0, 0), await connection.logReaches(0, 3)], [true, false]);
    made.deleteStream();
    assert.equal(await connection.logReaches(0, 0), false);
  });

  it("has another memory id once its log was made anew, and ends those who read the old one", async () => {
    const { made, connection, another } = opened();
    const reader = another();
    await reader.consume(queues.sync, { prefetch: 10, streamOffset: "first" }, () => undefined);
    const memory = await connection.memoryId();
    made.deleteStream();
    assert.equal(await connection.declareLog(), true);
    assert.equal(await connection.declareLog(), false);
    assert.notEqual(await connection.memoryId(), memory);
    assert.ok(reader.ended.aborted);
    assert.ok(!connection.ended.aborted);
  });

  it("takes nothing from those who publish while it is blocked", async () => {
    const { made, connection, process } = opened();
    await connection.publish(queues.write, Buffer.from("before"));
    made.setBlocked(true);
    await process.sleep(50);
    assert.ok(connection.blocked);
    const published = connection.publish(queues.write, Buffer.from("meanwhile"));
    await process.sleep(500);
    assert.equal(made.queue(queues.write)?.ready.length, 1);
    made.setBlocked(false);
    await published;
    assert.equal(made.queue(queues.write)?.ready.length, 2);
  });
});
