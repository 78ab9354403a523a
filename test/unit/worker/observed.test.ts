import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteItem } from "../../../core/messages/queues.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import type { Delivery } from "../../../platform/rabbitmq/port.ts";
import { Measures } from "../../../worker/measures.ts";
import { Observed } from "../../../worker/observed.ts";
import type { Broker, Ledger, LogEntry, RecordWriter } from "../../../worker/ports.ts";
import type { CommitInput, Draft, NewRecord, PendingWrite } from "../../../worker/write/draft.ts";
import { unlimited } from "../../fakes/commits.ts";
import { KeptTracing } from "../../fakes/kept-tracing.ts";

const ignored = () => undefined;

/** A broker whose deliveries the test makes, by way of what stands around it. */
async function working() {
  const tracing = new KeptTracing();
  const measures = new Measures();
  const observed = new Observed(measures, tracing, "w-1", systemClock);
  const settled: string[] = [];
  const connection = new AbortController();
  let deliver: (delivery: Delivery) => void = ignored;
  const broker = observed.broker({
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
  return { tracing, measures, observed, take, consumer, settled, connection };
}

const draftOf = (record: NewRecord | undefined): Draft => ({
  record,
  commit: async () => [],
  rollbackUnlessCommitted: async () => undefined,
});
const drafted = async () => draftOf({ content: Buffer.from("record"), epoch: 3 });
const nothingToAppend = async () => draftOf(undefined);

const ledger = (prepare: Ledger["prepare"]): Ledger => ({
  copyId: "copy",
  applied: { position: 8, epoch: 3, offset: 12, checksum: "c" },
  schema: { tables: [] },
  apply: async () => undefined,
  prepare,
  known: async () => new Set(),
  newestKeyMs: async () => 0,
  syncEveryCommit: async () => undefined,
  sync: async () => undefined,
});

const writer = (append: RecordWriter["append"]): RecordWriter => ({
  append,
  lookForSuccessor: ignored,
  end: async () => 0,
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

/** The three calls, as a master makes them. */
async function commit(
  observed: Observed,
  input: CommitInput,
  prepare: Ledger["prepare"],
  append: RecordWriter["append"] = async () => place,
): Promise<void> {
  const draft = await observed.ledger(ledger(prepare)).prepare(input);
  const at = draft.record && (await observed.writer(writer(append)).append(draft.record));
  await draft.commit(at);
}

describe("a commit", () => {
  it("says what it did, and puts its record's trace into the log", async () => {
    const { tracing, observed, take } = await working();
    const appended: (string | undefined)[] = [];
    const { traceparent = "" } = take("message");
    await commit(observed, { ...input, causes: [traceparent] }, drafted, async ({ traceparent }) => {
      appended.push(traceparent);
      return place;
    });
    const [committed, publish] = [tracing.named("commit"), tracing.named("publish syncQ")];
    assert.deepEqual(committed.causes, [traceparent]);
    assert.deepEqual(committed.attributes, {
      "dbaas.worker": "w-1",
      "dbaas.epoch": 3,
      "dbaas.requests": 2,
      "dbaas.rows": 3,
      "dbaas.position": 8,
    });
    assert.deepEqual(publish.causes, [committed.traceparent]);
    assert.deepEqual(appended, [publish.traceparent]);
    assert.deepEqual([committed.ended, publish.ended, publish.attributes["dbaas.offset"]], [true, true, 12]);
  });

  it("of several messages is pointed to by each", async () => {
    const { tracing, observed, take } = await working();
    const causes = [take("one"), take("two")].flatMap((delivery) => delivery.traceparent ?? []);
    await commit(observed, { ...input, causes }, nothingToAppend);
    const { traceparent } = tracing.named("commit");
    assert.deepEqual(
      tracing.spans.slice(0, 2).map(({ links }) => links),
      [[traceparent], [traceparent]],
    );
  });

  it("whose record does not come back says why, and fails as it would without traces", async () => {
    const { tracing, observed } = await working();
    const fenced = () => Promise.reject(new Error("fenced"));
    await assert.rejects(commit(observed, { ...input, causes: ["message"] }, drafted, fenced), /fenced/);
    assert.deepEqual(
      tracing.spans.map(({ name, failure }) => [name, failure]),
      [
        ["commit", "fenced"],
        ["publish syncQ", "fenced"],
      ],
    );
  });

  for (const [when, prepare] of [
    ["is prepared", () => Promise.reject(new Error("no room"))],
    [
      "is committed",
      async () => ({ ...(await drafted()), commit: () => Promise.reject(new Error("no room")) }),
    ],
  ] as const)
    it(`that fails while it ${when} says why, and is not counted`, async () => {
      const { tracing, measures, observed } = await working();
      await assert.rejects(commit(observed, { ...input, causes: ["message"] }, prepare), /no room/);
      assert.equal(tracing.named("commit").failure, "no room");
      assert.equal(measures.commitTimes.count, 0);
    });

  it("of nothing traced has no span, and is measured", async () => {
    const { tracing, measures, observed } = await working();
    await commit(observed, { ...input, causes: [] }, drafted);
    await commit(observed, input, drafted);
    assert.deepEqual(tracing.spans, []);
    assert.deepEqual([measures.commitTimes.count, measures.commitSizes.count], [2, 2]);
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
    const { tracing, observed } = await working();
    await observed.ledger(ledger(drafted)).apply([entry(1, "one"), entry(2), entry(3, "two")]);
    const span = tracing.named("apply syncQ");
    assert.deepEqual(span.causes, ["one", "two"]);
    assert.deepEqual(
      [span.attributes["messaging.batch.message_count"], span.attributes["dbaas.position"], span.ended],
      [3, 8, true],
    );
  });

  it("have none when none is traced", async () => {
    const { tracing, observed } = await working();
    await observed.ledger(ledger(drafted)).apply([entry(1)]);
    assert.deepEqual(tracing.spans, []);
  });
});
