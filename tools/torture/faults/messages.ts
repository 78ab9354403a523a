// Messages that come twice, not at all, or again; that are no messages; and records in the log that no master of the moment
// has written.
import { setTimeout as sleep } from "node:timers/promises";
import { type BatchRecord, decodeRecord, encodeRecord, type LogRecord } from "../../../core/log/record.ts";
import { queues } from "../../../core/messages/queues.ts";
import type { Rabbit } from "../../../platform/rabbitmq/rabbit.ts";
import { injectedMark } from "../check/log-line.ts";
import { intercept, withBroker } from "../cluster/broker.ts";
import type { Fault, Scene } from "./fault.ts";

const most = 25;

const injectedWrite = {
  shape: { kind: "insert", table: "ledger", columns: ["op", "part", "client"] },
  rows: [[injectedMark, 0, injectedMark]],
} as const;

interface Tail {
  readonly record: LogRecord;
  readonly content: Buffer;
}

/** The last records of the log. */
async function tailOf(rabbit: Rabbit): Promise<readonly Tail[]> {
  const tail: Tail[] = [];
  const consumer = await rabbit.consume(queues.sync, { prefetch: 200, streamOffset: "last" }, (delivery) => {
    delivery.ack();
    try {
      tail.push({ record: decodeRecord(delivery.content), content: delivery.content });
    } catch {
      // Garbage of another fault.
    }
  });
  const endsAtMs = performance.now() + 5_000;
  while (!tail.some(({ record }) => record.kind === "batch") && performance.now() < endsAtMs) await sleep(10);
  await sleep(100);
  await consumer.close();
  return tail;
}

/** Makes records out of the log's last batch and appends them. */
const append = (
  { strike, note }: Scene,
  what: string,
  make: (last: BatchRecord, tail: readonly Tail[]) => Buffer[],
) =>
  withBroker(async (rabbit) => {
    const tail = await tailOf(rabbit);
    const last = tail.map(({ record }) => record).findLast((record) => record.kind === "batch");
    if (last?.kind !== "batch") throw new Error("no batch at the end of the log");
    const contents = make(last, tail);
    strike();
    for (const content of contents) await rabbit.publish(queues.sync, content, { persistent: true });
    note(`${what} (the log is at epoch ${last.epoch}, position ${last.position})`);
  });

const publishAll = async (
  { strike }: Scene,
  to: readonly string[],
  contents: readonly Buffer[],
): Promise<void> =>
  withBroker(async (rabbit) => {
    strike();
    for (const queue of to)
      for (const content of contents)
        await rabbit.publish(queue, content, { correlationId: injectedMark, replyTo: queues.response });
  });

/** Every part of it is in order, but no worker can carry it out. */
const batchWith = (item: object): Buffer =>
  Buffer.from(
    JSON.stringify({
      v: 1,
      deadlineMs: Date.now() + 10_000,
      attempt: 1,
      shapes: [{ kind: "explode", table: "ledger" }],
      items: [{ index: 0, shape: 0, ...item }],
      from: injectedMark,
    }),
  );

export const messages: readonly Fault[] = [
  {
    name: "double-deliveries",
    what: "some requests are delivered twice",
    holdMs: [500, 2_000],
    run: async ({ holdMs, strike, note }) => {
      strike();
      for (const queue of [queues.write, queues.read]) {
        const doubled = await intercept(queue, { most, ms: holdMs }, async (delivery, rabbit) => {
          const { content, correlationId, replyTo } = delivery;
          await rabbit.publish(queue, content, { correlationId, replyTo });
          await rabbit.publish(queue, content, { correlationId, replyTo });
          delivery.ack();
        });
        note(`${doubled} messages of ${queue} doubled`);
      }
    },
  },
  {
    name: "drop-deliveries",
    what: "some requests are lost on their way",
    holdMs: [200, 800],
    run: async ({ holdMs, strike, note }) => {
      strike();
      for (const queue of [queues.write, queues.read]) {
        const dropped = await intercept(queue, { most: 5, ms: holdMs }, async (delivery) => delivery.ack());
        note(`${dropped} messages of ${queue} lost`);
      }
    },
  },
  {
    name: "return-deliveries",
    what: "some requests are requeued by their consumer and come marked as redelivered",
    holdMs: [500, 2_000],
    run: async ({ holdMs, strike, note }) => {
      strike();
      for (const queue of [queues.write, queues.read]) {
        const returned = await intercept(queue, { most, ms: holdMs }, async (delivery) => delivery.requeue());
        note(`${returned} messages of ${queue} given back`);
      }
    },
  },
  {
    name: "garbage-messages",
    what: "messages that are none, in every queue and in the log",
    run: (scene) =>
      publishAll(
        scene,
        [queues.read, queues.write, queues.response, queues.sync],
        [
          Buffer.from(`${injectedMark} garbage`),
          Buffer.from(`{"v":1,"from":"${injectedMark}"}`),
          Buffer.from(`{"v":1,"from":"${injectedMark}","attempt":1,"shapes":[],"items":[null]}`),
        ],
      ),
  },
  {
    name: "poison-write",
    what: "a write that no master survives",
    run: (scene) =>
      publishAll(scene, [queues.write], [batchWith({ rows: [[]], key: `${injectedMark}-${Date.now()}` })]),
  },
  {
    name: "poison-read",
    what: "a read that no slave survives",
    run: (scene) => publishAll(scene, [queues.read], [batchWith({ params: [] })]),
  },
  {
    name: "stale-record",
    what: "a record of an earlier epoch arrives late in the log, as from a master that stood still",
    run: (scene) =>
      append(scene, "a record of an older epoch", ({ epoch, position }) => [
        encodeRecord({
          kind: "batch",
          epoch: epoch - 1,
          position: position + 1,
          atMs: Date.now(),
          effects: [injectedWrite],
          keys: [],
        }),
      ]),
  },
  {
    name: "repeated-records",
    what: "the last records of the log, the epoch's marker among them, are published once more",
    run: (scene) =>
      append(scene, "its last records once more", ({ epoch }, tail) => [
        ...tail.slice(-20).map(({ content }) => content),
        encodeRecord({ kind: "marker", epoch, after: 0, master: injectedMark, atMs: Date.now() }),
      ]),
  },
  {
    name: "gap-record",
    what: "a record that does not follow the last one",
    run: (scene) =>
      append(scene, "a record far ahead", ({ epoch, position }) => [
        encodeRecord({
          kind: "batch",
          epoch,
          position: position + 100_000,
          atMs: Date.now(),
          effects: [injectedWrite],
          keys: [],
        }),
      ]),
  },
];
