// What the workers rely on in a broker: RabbitMQ as they reach it, and the one in memory with which the cluster is
// simulated.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { queues } from "../../core/messages/queues.ts";
import { sleep } from "../../platform/process/waiting.ts";
import type { BrokerConnection, Delivery } from "../../platform/rabbitmq/port.ts";

type Used = "ended" | "publish" | "send" | "consume" | "declareTemporary" | "close";
type Asked = "depth" | "isKnownEverywhere" | "memoryId" | "logReaches";
export type Connection = Pick<BrokerConnection, Used | Asked>;

export interface BrokerUnderTest {
  /** A broker with empty queues and an empty log. */
  readonly open: () => Promise<void>;
  readonly connect: () => Promise<Connection>;
  /** How many there are, each with a replica of the log; one by default. */
  readonly brokers?: number;
  readonly close: () => Promise<void>;
}

const withinMs = 60_000;
const quietMs = 150;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

const text = ({ content }: Delivery) => content.toString();
const texts = (deliveries: readonly Delivery[]) => deliveries.map(text);

export function brokerContract(kind: string, broker: BrokerUnderTest): void {
  describe(`a broker: ${kind}`, () => {
    const connections: Connection[] = [];
    const connect = async () => {
      const connection = await broker.connect();
      connections.push(connection);
      return connection;
    };
    const disconnect = async () => {
      await Promise.all(connections.splice(0).map((connection) => connection.close()));
    };
    const publish = async (connection: Connection, queue: string, ...contents: string[]) => {
      for (const content of contents) await connection.publish(queue, Buffer.from(content));
    };
    const consume = async (connection: Connection, queue: string, prefetch: number) => {
      const deliveries: Delivery[] = [];
      const consumer = await connection.consume(queue, { prefetch }, (one) => deliveries.push(one));
      return { deliveries, consumer };
    };

    const count = async (connection: Connection, queue: string) => (await connection.depth(queue)).messages;
    /** With a consumer goes what it had not acknowledged: back into the queue. */
    const untilUnconsumed = (connection: Connection, queue: string) =>
      until(`nobody consumes ${queue}`, async () => (await connection.depth(queue)).consumers === 0);
    const empty = async (connection: Connection, queue: string) => {
      await untilUnconsumed(connection, queue);
      // What was on its way to the consumer when that left is back as well.
      while ((await count(connection, queue)) > 0) {
        const consumer = await connection.consume(queue, { prefetch: 100 }, (one) => one.ack());
        await until(`${queue} is empty`, async () => (await count(connection, queue)) === 0);
        await consumer.close();
        await untilUnconsumed(connection, queue);
      }
    };

    before(() => broker.open());
    beforeEach(async () => {
      // What a test left behind is taken away, so that each begins with empty queues.
      await disconnect();
      const connection = await connect();
      for (const queue of [queues.read, queues.write]) await empty(connection, queue);
      await disconnect();
    });
    after(async () => {
      await disconnect();
      await broker.close();
    });

    it("carries a message's trace, and none where there is none", async () => {
      const connection = await connect();
      const { deliveries } = await consume(connection, queues.write, 10);
      await connection.publish(queues.write, Buffer.from("a"), { traceparent });
      await publish(connection, queues.write, "b");
      await until("two came", () => deliveries.length === 2);
      assert.deepEqual(
        deliveries.map((one) => one.traceparent),
        [traceparent, undefined],
      );
    });

    it("tells every connection the same memory id, also when all ask at once", async () => {
      const asking = Array.from({ length: 5 }, async () => (await connect()).memoryId());
      const ids = await Promise.all(asking);
      assert.deepEqual(new Set([...ids, await (await connect()).memoryId()]).size, 1);
    });

    it("delivers in order, with who asked and where to answer", async () => {
      const connection = await connect();
      const { deliveries } = await consume(connection, queues.write, 10);
      await connection.publish(queues.write, Buffer.from("a"), { correlationId: "c", replyTo: "r" });
      await publish(connection, queues.write, "b");
      await until("two came", () => deliveries.length === 2);
      assert.deepEqual(texts(deliveries), ["a", "b"]);
      const [{ correlationId, replyTo, redelivered }] = deliveries as [Delivery];
      assert.deepEqual([correlationId, replyTo, redelivered], ["c", "r", false]);
    });

    it("holds back what a consumer has no room for until it acknowledges", async () => {
      const connection = await connect();
      const { deliveries } = await consume(connection, queues.write, 1);
      await publish(connection, queues.write, "a", "b");
      await until("one came", () => deliveries.length === 1);
      await sleep(quietMs);
      assert.deepEqual(texts(deliveries), ["a"]);
      deliveries[0]?.ack();
      await until("the other came", () => deliveries.length === 2);
    });

    it("delivers again, marked and in its old place, what a lost consumer had not acknowledged", async () => {
      const [first, second] = [await connect(), await connect()];
      const { deliveries } = await consume(first, queues.write, 10);
      await publish(second, queues.write, "a", "b", "c");
      await until("three came", () => deliveries.length === 3);
      deliveries[0]?.ack();
      await sleep(quietMs);
      await first.close();
      // The broker learns of it a little later.
      await untilUnconsumed(second, queues.write);
      await publish(second, queues.write, "d");
      const again = await consume(second, queues.write, 10);
      await until("three came again", () => again.deliveries.length === 3);
      assert.deepEqual(
        again.deliveries.map((one) => [text(one), one.redelivered]),
        [
          ["b", true],
          ["c", true],
          ["d", false],
        ],
      );
    });

    it("gives one message after the other to two consumers", async () => {
      const connection = await connect();
      const one = await consume(connection, queues.read, 10);
      const other = await consume(connection, queues.read, 10);
      await publish(connection, queues.read, "1", "2", "3", "4", "5", "6");
      await until("all came", () => one.deliveries.length + other.deliveries.length === 6);
      assert.deepEqual([one.deliveries.length, other.deliveries.length], [3, 3]);
    });

    it("gives everything to the consumer of the highest priority, as long as it has room", async () => {
      const connection = await connect();
      const low: Delivery[] = [];
      const high: Delivery[] = [];
      await connection.consume(queues.write, { prefetch: 10, priority: 7 }, (one) => low.push(one));
      await connection.consume(queues.write, { prefetch: 2, priority: 5_000_000_000 }, (one) =>
        high.push(one),
      );
      await publish(connection, queues.write, "1", "2", "3");
      await until("all came", () => low.length + high.length === 3);
      assert.deepEqual([texts(high), texts(low)], [["1", "2"], ["3"]]);
    });

    it("leaves to a consumer that was taken off what it has, and gives it nothing more", async () => {
      const connection = await connect();
      const { deliveries, consumer } = await consume(connection, queues.read, 10);
      await publish(connection, queues.read, "a");
      await until("it came", () => deliveries.length === 1);
      await consumer.cancel();
      await publish(connection, queues.read, "b");
      await sleep(quietMs);
      assert.deepEqual(texts(deliveries), ["a"]);
      deliveries[0]?.ack();
      await sleep(quietMs);
      await consumer.close();
      const next = await consume(connection, queues.read, 10);
      await until("the other came", () => next.deliveries.length === 1);
      await sleep(quietMs);
      assert.deepEqual(
        next.deliveries.map((one) => [text(one), one.redelivered]),
        [["b", false]],
      );
    });

    it("delivers again what is given back", async () => {
      const connection = await connect();
      const { deliveries } = await consume(connection, queues.read, 1);
      await publish(connection, queues.read, "a");
      await until("it came", () => deliveries.length === 1);
      deliveries[0]?.requeue();
      await until("it came again", () => deliveries.length === 2);
      assert.equal(deliveries[1]?.redelivered, true);
    });

    it("refuses a message to a queue that does not exist, and goes on", async () => {
      const connection = await connect();
      await assert.rejects(connection.publish("no such queue", Buffer.from("a")), /there is no such queue/);
      await publish(connection, queues.read, "b");
      assert.equal(connection.ended.aborted, false);
    });

    it("keeps the log for every reader, from whichever offset it asks for", async () => {
      const connection = await connect();
      await publish(connection, queues.sync, "0", "1", "2");
      const read = async (streamOffset: number | "first") => {
        const records: Delivery[] = [];
        await connection.consume(queues.sync, { prefetch: 2, streamOffset }, (one) => {
          records.push(one);
          one.ack();
        });
        return records;
      };
      const whole = await read("first");
      const rest = await read(1);
      await until("both have read", () => whole.length === 3 && rest.length === 2);
      await publish(connection, queues.sync, "3");
      await until("both go on", () => whole.length === 4 && rest.length === 3);
      assert.deepEqual(
        whole.map((one) => [one.streamOffset, text(one)]),
        [
          [0, "0"],
          [1, "1"],
          [2, "2"],
          [3, "3"],
        ],
      );
      assert.deepEqual(texts(rest), ["1", "2", "3"]);
      await connection.publish(queues.sync, Buffer.from("4"), { persistent: true, traceparent });
      await until("a traced one came", () => whole.length === 5);
      assert.deepEqual(
        whole.slice(3).map((one) => one.traceparent),
        [undefined, traceparent],
      );
    });

    it("says at each broker whether the log reaches a record there, and only when it does", async () => {
      const connection = await connect();
      const brokers = [...Array(broker.brokers ?? 1).keys()];
      const reached = (offset: number) =>
        Promise.all(brokers.map((one) => connection.logReaches(one, offset)));
      const untilReached = (offset: number) =>
        until(`the log reaches ${offset}`, async () => !(await reached(offset)).includes(false));
      const log: Delivery[] = [];
      await connection.consume(queues.sync, { prefetch: 10, streamOffset: "first" }, (one) => {
        log.push(one);
        one.ack();
      });
      const published = async (text: string) => {
        await publish(connection, queues.sync, text);
        await until(`${text} was read`, () => texts(log).includes(text));
        return log.at(-1)?.streamOffset ?? -1;
      };
      const first = await published("one to reach");
      await untilReached(first);
      await untilReached(0);
      // Neither the next one nor one far behind the end is there.
      for (const beyond of [first + 1, first + 1_000])
        assert.ok(!(await reached(beyond)).includes(true), `${beyond} is beyond the end`);
      assert.equal(await published("another one to reach"), first + 1);
      await untilReached(first + 1);
      assert.equal(connection.ended.aborted, false);
    });

    it("says whether a queue is known, also of one that a connection has for itself", async () => {
      const [connection, other] = [await connect(), await connect()];
      const own = await connection.declareTemporary();
      const known = (from: Connection) =>
        Promise.all([queues.read, own, "none"].map((queue) => from.isKnownEverywhere(queue)));
      assert.deepEqual(await known(connection), [true, true, false]);
      assert.deepEqual(await known(other), [true, true, false]);
      await connection.close();
      await until("the queue is gone with its connection", async () => !(await other.isKnownEverywhere(own)));
      assert.equal(other.ended.aborted, false);
    });

    it("a connection that is over says so and takes nothing more", async () => {
      const connection = await connect();
      assert.equal(connection.ended.aborted, false);
      await connection.close();
      assert.equal(connection.ended.aborted, true);
      await assert.rejects(connection.publish(queues.read, Buffer.from("a")), { name: "TransientError" });
      assert.equal(connection.send(queues.read, Buffer.from("a")), false);
    });
  });
}
