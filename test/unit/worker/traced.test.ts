import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteItem } from "../../../core/messages/queues.ts";
import type { Delivery } from "../../../platform/rabbitmq/rabbit.ts";
import type { LogEntry } from "../../../worker/copy/store.ts";
import type { Broker, Ledger } from "../../../worker/ports.ts";
import { Traced } from "../../../worker/traced.ts";
import type { PendingWrite } from "../../../worker/write/commit-batch.ts";
import { unlimited } from "../../fakes/commits.ts";
import { KeptTracing } from "../../fakes/kept-tracing.ts";

const ignored = () => undefined;

/** A broker whose deliveries the test makes, by way of what traces put around it. */
async function working() {
  const tracing = new KeptTracing();
  const traced = new Traced(tracing, "w-1");
  const settled: string[] = [];
  const connection = new AbortController();
  let deliver: (delivery: Delivery) => void = ignored;
  const broker = traced.broker({
    ended: connection.signal,
    publish: async () => undefined,
    send: () => true,
    cleared: () => undefined,
    consume: async (_queue, _options, onDelivery) => {
      deliver = onDelivery;
      return { cancel: async () => undefined, close: async () => undefined };
    },
  } satisfies Broker);
  const inHand: Delivery[] = [];
  const consumer = await broker.consume("writeQ", { prefetch: 1 }, (one) => inHand.push(one));
  const take = (traceparent: string | undefined): Delivery => {
    deliver({
      content: Buffer.from("batch"),
      redelivered: false,
      correlationId: "c",
      replyTo: "r",
      streamOffset: -1,
      traceparent,
      ack: () => void settled.push("ack"),
      requeue: () => void settled.push("requeue"),
    });
    return inHand.at(-1) as Delivery;
  };
  return { tracing, traced, take, consumer, settled, connection };
}

const ledger = (commit: Ledger["commit"], apply: Ledger["apply"] = async () => undefined): Ledger => ({
  applied: { position: 8, epoch: 3, offset: 12, checksum: "c" },
  schema: { tables: [] },
  apply,
  commit,
  known: async () => new Set(),
  newestKeyMs: async () => 0,
  syncEveryCommit: async () => undefined,
});

const writes: readonly PendingWrite[] = [2, 1].map((rows, index) => ({
  item: { index, shape: 0, rows: new Array(rows).fill([]), key: `k#${index}` } satisfies WriteItem,
  shape: { kind: "insert", table: "t", columns: [] },
  message: "k",
}));
const input = { writes, chores: [], epoch: 3, atMs: 0, logMs: 0, limits: unlimited };
const place = { offset: 12, checksum: "c" };

describe("a worker's message", () => {
  it("is processed from its arrival to its ack, and what follows from it follows from that", async () => {
    const { tracing, take, settled } = await working();
    const delivery = take("message");
    const span = tracing.named("process writeQ");
    assert.deepEqual(span.causes, ["message"]);
    assert.equal(delivery.traceparent, span.traceparent);
    assert.equal(span.ended, false);
    delivery.ack();
    assert.deepEqual(settled, ["ack"]);
    assert.deepEqual([span.ended, span.failure], [true, undefined]);
  });

  it("has no span when it comes without a trace", async () => {
    const { tracing, take } = await working();
    assert.equal(take(undefined).traceparent, undefined);
    assert.deepEqual(tracing.spans, []);
  });

  it("says when it is given back: by its worker, with its consumer, or with the connection", async () => {
    const { tracing, take, consumer, connection } = await working();
    take("one").requeue();
    take("two");
    await consumer.close();
    take("three");
    connection.abort("lost");
    assert.deepEqual(
      tracing.spans.map(({ failure }) => failure),
      new Array(3).fill("given back to the queue"),
    );
  });
});

describe("a traced commit", () => {
  it("says what it did, and puts its record's trace into the log", async () => {
    const { tracing, traced, take } = await working();
    const appended: (string | undefined)[] = [];
    const { traceparent = "" } = take("message");
    await traced
      .ledger(
        ledger(async (_, append) => {
          await append(Buffer.from("record"));
          return [];
        }),
      )
      .commit({ ...input, causes: [traceparent] }, async (_, trace) => {
        appended.push(trace);
        return place;
      });
    const [commit, publish] = [tracing.named("commit"), tracing.named("publish syncQ")];
    assert.deepEqual(commit.causes, [traceparent]);
    assert.deepEqual(commit.attributes, {
      "dbaas.worker": "w-1",
      "dbaas.epoch": 3,
      "dbaas.requests": 2,
      "dbaas.rows": 3,
      "dbaas.position": 8,
    });
    assert.deepEqual(publish.causes, [commit.traceparent]);
    assert.deepEqual(appended, [publish.traceparent]);
    assert.deepEqual([commit.ended, publish.ended, publish.attributes["dbaas.offset"]], [true, true, 12]);
  });

  it("of several messages is pointed to by each", async () => {
    const { tracing, traced, take } = await working();
    const causes = [take("one"), take("two")].flatMap((delivery) => delivery.traceparent ?? []);
    await traced.ledger(ledger(async () => [])).commit({ ...input, causes }, async () => place);
    const { traceparent } = tracing.named("commit");
    assert.deepEqual(
      tracing.spans.slice(0, 2).map(({ links }) => links),
      [[traceparent], [traceparent]],
    );
  });

  it("that fails says why, and fails as it would without traces", async () => {
    const { tracing, traced } = await working();
    const failing = ledger((_, append) => append(Buffer.from("record")).then(() => []));
    const fenced = () => Promise.reject(new Error("fenced"));
    await assert.rejects(traced.ledger(failing).commit({ ...input, causes: ["message"] }, fenced), /fenced/);
    assert.deepEqual(
      tracing.spans.map(({ name, failure }) => [name, failure]),
      [
        ["commit", "fenced"],
        ["publish syncQ", "fenced"],
      ],
    );
  });

  it("of nothing traced has no span", async () => {
    const { tracing, traced } = await working();
    await traced.ledger(ledger(async () => [])).commit({ ...input, causes: [] }, async () => place);
    await traced.ledger(ledger(async () => [])).commit(input, async () => place);
    assert.deepEqual(tracing.spans, []);
  });
});

describe("records that a copy applies", () => {
  const entry = (offset: number, traceparent?: string): LogEntry => ({
    record: { kind: "marker", epoch: 3, after: 0, master: "w-1", atMs: 0 },
    offset,
    checksum: "c",
    traceparent,
  });

  it("are one span that follows from each traced one", async () => {
    const { tracing, traced } = await working();
    await traced.ledger(ledger(async () => [])).apply([entry(1, "one"), entry(2), entry(3, "two")]);
    const span = tracing.named("apply syncQ");
    assert.deepEqual(span.causes, ["one", "two"]);
    assert.deepEqual(
      [span.attributes["messaging.batch.message_count"], span.attributes["dbaas.position"], span.ended],
      [3, 8, true],
    );
  });

  it("have none when none is traced", async () => {
    const { tracing, traced } = await working();
    await traced.ledger(ledger(async () => [])).apply([entry(1)]);
    assert.deepEqual(tracing.spans, []);
  });
});
