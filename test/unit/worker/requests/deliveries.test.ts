import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  decodeReadBatch,
  encodeBatch,
  type ReadBatch,
  suspectOf,
  waitMsOf,
} from "../../../../core/messages/queues.ts";
import type { Delivery, PublishOptions } from "../../../../platform/rabbitmq/port.ts";
import type { Broker } from "../../../../worker/ports.ts";
import { requeueSingly } from "../../../../worker/requests/deliveries.ts";

const count = (table: string) => ({ kind: "count", table }) as const;

const batchOf = (shapes: readonly string[]): ReadBatch => ({
  v: 1,
  deadlineMs: 12_000,
  sentAtMs: 10_000,
  attempt: 1,
  shapes: shapes.map(count),
  items: shapes.map((_, shape) => ({ index: shape + 5, shape, params: [] })),
});

/** A queue that takes so many messages. */
function queueFor(most: number) {
  const taken: { content: Buffer; options: PublishOptions }[] = [];
  const state = { underWay: 0, bytesMax: 0 };
  const connection = new AbortController();
  const rabbit = {
    ended: connection.signal,
    publish: async (_queue: string, content: Buffer, options: PublishOptions = {}) => {
      state.underWay += content.length;
      state.bytesMax = Math.max(state.bytesMax, state.underWay);
      await new Promise(setImmediate);
      state.underWay -= content.length;
      if (taken.length >= most) throw new Error("refused");
      taken.push({ content, options });
    },
  } as unknown as Broker;
  return { rabbit, taken, state, connection };
}

const delivery = { correlationId: "m", replyTo: "r" } as Delivery;

describe("a message that is split into its requests", () => {
  it("sends each with its own shape and no other, under its own index, for as long as its client waits", async () => {
    const { rabbit, taken } = queueFor(10);
    assert.deepEqual(await requeueSingly(rabbit, "readQ", delivery, batchOf(["a", "b"])), []);
    const parts = taken.map(({ content }) => decodeReadBatch(content));
    assert.deepEqual(
      parts.map(({ attempt, shapes, items }) => [attempt, shapes, items]),
      [
        [2, [count("a")], [{ index: 5, shape: 0, params: [] }]],
        [2, [count("b")], [{ index: 6, shape: 0, params: [] }]],
      ],
    );
    assert.deepEqual(taken[0]?.options, {
      correlationId: "m",
      replyTo: "r",
      traceparent: undefined,
      expirationMs: 2_000,
    });
  });

  it("keeps here what the queue does not take, and tries the queue no longer", async () => {
    const { rabbit, taken } = queueFor(1);
    const batch = batchOf(["a".repeat(400_000), "b".repeat(400_000), "c".repeat(400_000), "d"]);
    const left = await requeueSingly(rabbit, "readQ", delivery, batch);
    assert.equal(taken.length, 1);
    assert.deepEqual(
      left.map(({ items }) => items[0]?.index),
      [6, 7, 8],
    );
  });

  it("has few of its bytes under way at a time, however many requests and shapes it has", async () => {
    const { rabbit, taken, state } = queueFor(1_000);
    await requeueSingly(
      rabbit,
      "readQ",
      delivery,
      batchOf(Array.from({ length: 128 }, (_, i) => `${i}`.padEnd(30_000))),
    );
    assert.equal(taken.length, 128);
    assert.ok(state.bytesMax < 1024 * 1024, `${state.bytesMax} bytes`);
  });

  it("comes again as a whole when the connection is lost", async () => {
    const { rabbit, connection } = queueFor(0);
    connection.abort(new Error("connection lost"));
    await assert.rejects(requeueSingly(rabbit, "readQ", delivery, batchOf(["a"])), /connection lost/);
  });
});

describe("how long a request is waited for", () => {
  it("is the difference of two times of one clock, and unknown without them", () => {
    const batch = batchOf(["a"]);
    assert.equal(waitMsOf(batch), 2_000);
    assert.equal(waitMsOf(batch, { deadlineMs: 10_500 }), 500);
    assert.equal(waitMsOf({ ...batch, sentAtMs: 99_000 }), 0);
    const { sentAtMs, ...older } = batch;
    assert.equal(waitMsOf(older), Number.POSITIVE_INFINITY);
  });
});

describe("a suspect", () => {
  it("is a message of its own of the same request", () => {
    const batch = batchOf(["a", "b"]);
    const [, item] = batch.items;
    assert.ok(item !== undefined);
    const suspect = suspectOf(batch, item);
    assert.deepEqual(decodeReadBatch(encodeBatch(suspect)), suspect);
    assert.deepEqual(suspect.shapes[suspect.items[0]?.shape ?? 9], count("b"));
  });
});
