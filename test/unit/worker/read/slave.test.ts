import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Answer, encodeBatch } from "../../../../core/messages/queues.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import type { Delivery } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { type ReadReply, runSlave } from "../../../../worker/read/slave.ts";

const content = (bytes = 0): Buffer => {
  const items = [{ index: 0, shape: 0, params: ["x".repeat(bytes)] }];
  const shapes = [{ kind: "count", table: "t" } as const];
  return encodeBatch({ v: 1, deadlineMs: 0, attempt: 1, shapes, items });
};
const answer: Answer = { index: 0, ok: true, body: "[]", position: 1 };
const mebibyte = 1024 * 1024;
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

interface InHand {
  readonly reply: ReadReply;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

const own = {
  worker: "w-1",
  position: () => 1,
  log: createLog({ level: "silent", format: "json", program: "test" }),
  time: systemClock,
};

/** A slave whose messages are given and answered by hand. */
async function slave() {
  const said: string[] = [];
  const consumers: ((delivery: Delivery) => void)[] = [];
  const inHand: InHand[] = [];
  const left = new AbortController();
  const ended = runSlave(
    {
      ...own,
      suspects: {
        begin: async () => ({ guilty: new Set(), undecided: new Set() }),
        blame: async () => undefined,
      },
      rabbit: {
        ended: new AbortController().signal,
        send: () => true,
        cleared: () => undefined,
        publish: async () => undefined,
        consume: async (_queue, { prefetch }, onDelivery) => {
          const number = consumers.push(onDelivery);
          said.push(`consume ${number} of ${prefetch}`);
          return {
            cancel: async () => void said.push(`cancel ${number}`),
            close: async () => void said.push(`close ${number}`),
          };
        },
      },
      answer: (_batch, reply) => new Promise((done, fail) => inHand.push({ reply, done, fail })),
      onAtWork: () => undefined,
      onServed: () => undefined,
    },
    left.signal,
  );
  await settled();
  const give = async (delivery: Partial<Delivery> = {}, consumer = consumers.length) => {
    consumers[consumer - 1]?.({
      content: content(),
      redelivered: false,
      correlationId: "c",
      replyTo: "r",
      streamOffset: -1,
      traceparent: undefined,
      ack: () => void said.push("ack"),
      requeue: () => undefined,
      ...delivery,
    });
    await settled();
    return inHand.at(-1) as InHand;
  };
  return { said, give, inHand, leave: () => left.abort("left"), ended };
}

describe("a slave", () => {
  it("gets other messages in the place of those that are kept for longer", async () => {
    const { said, give } = await slave();
    const [first, second] = [await give(), await give()];
    assert.equal(first?.reply.hold(), true);
    assert.deepEqual(said, ["consume 1 of 4"]);
    assert.equal(second?.reply.hold(), true);
    await settled();
    assert.deepEqual(said, ["consume 1 of 4", "consume 2 of 4", "cancel 1"]);
    const quick = await give();
    quick.reply.emit([answer]);
    quick.done();
    await settled();
    first?.done();
    await settled();
    assert.equal(said.includes("close 1"), false, "what was not acked would go back to the queue");
    second?.done();
    await settled();
    assert.deepEqual(said.slice(3), ["ack", "ack", "ack", "close 1"]);
  });

  it("keeps no more messages than it may, by number and by bytes", async () => {
    const many = await slave();
    const held: boolean[] = [];
    for (let i = 0; i < 40; i++) held.push((await many.give()).reply.hold());
    assert.equal(held.filter(Boolean).length, 32);
    const large = await slave();
    const kept: boolean[] = [];
    for (let i = 0; i < 6; i++)
      kept.push((await large.give({ content: content(2 * mebibyte) })).reply.hold());
    assert.equal(kept.filter(Boolean).length, 3);
  });

  it("takes further messages in again when kept ones are answered", async () => {
    const { give } = await slave();
    const all = [];
    for (let i = 0; i < 33; i++) all.push(await give());
    const held = all.map(({ reply }) => reply.hold());
    assert.equal(held.at(-1), false);
    for (const { done } of all.slice(0, 5)) done();
    await settled();
    assert.equal(all.at(-1)?.reply.hold(), true);
  });

  it("works on no more bytes at a time than it may, and on small messages meanwhile", async () => {
    const { give, inHand } = await slave();
    const large = { content: content(3 * mebibyte) };
    const first = await give(large);
    await give(large);
    await give(large);
    assert.equal(inHand.length, 2);
    await give();
    assert.equal(inHand.length, 3, "the small one has room");
    first.done();
    await settled();
    assert.equal(inHand.length, 4);
  });

  it("works on a message that is larger than all it may work on, once it is alone", async () => {
    const { give, inHand } = await slave();
    const small = await give();
    await give({ content: content(9 * mebibyte) });
    assert.equal(inHand.length, 1);
    small.done();
    await settled();
    assert.equal(inHand.length, 2);
  });

  it("takes up another message in the room of one that is kept for longer", async () => {
    const { give, inHand } = await slave();
    const large = { content: content(6 * mebibyte) };
    const kept = await give(large);
    await give(large);
    assert.equal(inHand.length, 1);
    assert.equal(kept.reply.hold(), true);
    await settled();
    assert.equal(inHand.length, 2);
    kept.done();
    await settled();
    await give(large);
    assert.equal(inHand.length, 2, "what was kept gives its room back once");
  });

  it("leaves the queue through every consumer, after the last answer", async () => {
    const { said, give, leave, ended } = await slave();
    const all = [await give(), await give(), await give()];
    for (const { reply } of all) reply.hold();
    await settled();
    leave();
    await settled();
    assert.ok(said.includes("cancel 1") && said.includes("cancel 2"));
    assert.ok(!said.some((one) => one.startsWith("close")));
    for (const { done } of all) done();
    await ended;
    assert.deepEqual(said.slice(-5).sort(), ["ack", "ack", "ack", "close 1", "close 2"]);
  });

  it("whose copy fails leaves the queue, lets other reads be answered, and throws what failed", async () => {
    const { said, give, ended } = await slave();
    const failed = assert.rejects(ended, /damaged/);
    const [bad, good] = [await give(), await give()];
    bad.fail(new Error("damaged"));
    await settled();
    assert.deepEqual(said, ["consume 1 of 4", "cancel 1"]);
    good.done();
    await failed;
    assert.deepEqual(said.slice(2), ["ack", "close 1"]);
  });

  it("whose copy fails waits no longer than a second for reads that are not answered", async () => {
    const { give, ended } = await slave();
    const [bad] = [await give(), await give()];
    bad.fail(new Error("damaged"));
    await assert.rejects(ended, /damaged/);
  });
});
