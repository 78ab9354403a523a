import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Delivery } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Arrivals, arrivalLimits } from "../../../../worker/copy/arrivals.ts";
import { recordOf } from "../records.ts";

const silent = createLog({ program: "test", format: "json", level: "silent" });
const mebibyte = 2 ** 20;

const record = (position: number, bytes = 0): Buffer => recordOf(position, bytes);

describe("records that have arrived", () => {
  const acknowledged = new Set<number>();
  const delivery = (streamOffset: number, content: Buffer): Delivery => ({
    content,
    redelivered: false,
    correlationId: "",
    replyTo: "",
    streamOffset,
    traceparent: undefined,
    ack: () => acknowledged.add(streamOffset),
    requeue: () => assert.fail("a record is never given back"),
  });
  const arrived = (contents: readonly Buffer[], from: number | undefined = 0) => {
    acknowledged.clear();
    const arrivals = new Arrivals(silent, from);
    for (const [i, content] of contents.entries()) arrivals.add(delivery((from ?? 0) + i, content));
    return arrivals;
  };
  const positions = (entries: ReturnType<Arrivals["take"]>) =>
    entries.map(({ record: one }) => (one.kind === "batch" ? one.position : "marker"));

  it("are taken in order, as many as are asked for", () => {
    const arrivals = arrived([record(1), record(2), record(3)]);
    assert.deepEqual(positions(arrivals.take(2)), [1, 2]);
    assert.deepEqual(positions(arrivals.take(2)), [3]);
    assert.ok(arrivals.isEmpty);
  });

  it("are taken one transaction's bytes at a time, and at least one however large", () => {
    const big = 3 * mebibyte;
    const arrivals = arrived([record(1, big), record(2, big), record(3, 6 * mebibyte), record(4)]);
    assert.deepEqual(positions(arrivals.take(200)), [1]);
    assert.deepEqual(positions(arrivals.take(200)), [2]);
    assert.deepEqual(positions(arrivals.take(200)), [3]);
    assert.deepEqual(positions(arrivals.take(200)), [4]);
  });

  it("are acknowledged at once while they are few bytes, and else when they are taken", () => {
    const contents = Array.from({ length: 5 }, (_, i) => record(i + 1, 3 * mebibyte));
    const arrivals = arrived(contents);
    assert.deepEqual([...acknowledged], [0, 1]);
    while (!arrivals.isEmpty) arrivals.take(200);
    assert.deepEqual([...acknowledged], [0, 1, 2, 3, 4]);
  });

  it("are too many once they hold more bytes than they may, whatever their number", () => {
    const count = Math.ceil(arrivalLimits.heldBytesMax / (3 * mebibyte)) + 1;
    const arrivals = arrived(Array.from({ length: count }, (_, i) => record(i + 1, 3 * mebibyte)));
    assert.ok(arrivals.isOverfull);
    assert.equal(arrivals.nextOffset, count);
    arrivals.take(200);
    arrivals.take(200);
    assert.ok(!arrivals.isOverfull);
  });

  it("say when something between them is missing, or could not be read", () => {
    const arrivals = arrived([record(1), Buffer.from("not a record"), record(2)]);
    arrivals.add(delivery(3, record(3)));
    assert.deepEqual(
      arrivals.take(200).map(({ offset, unbroken }) => [offset, unbroken]),
      [
        [0, true],
        [2, false],
        [3, false],
      ],
    );
    const apart = new Arrivals(silent, 0);
    apart.add(delivery(5, record(6)));
    assert.deepEqual(
      apart.take(1).map(({ unbroken }) => unbroken),
      [false],
    );
  });

  it("begin anywhere when reading begins at the log's end", () => {
    const arrivals = new Arrivals(silent, undefined);
    arrivals.add(delivery(77, record(6)));
    assert.deepEqual(
      arrivals.take(1).map(({ offset, unbroken }) => [offset, unbroken]),
      [[77, true]],
    );
  });
});
