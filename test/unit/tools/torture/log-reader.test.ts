import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Rabbit } from "../../../../platform/rabbitmq/rabbit.ts";
import { LogReader, type WithLog } from "../../../../tools/torture/cluster/log-reader.ts";
import { recordOf } from "../../worker/records.ts";

const log = [1, 2, 3].map((position) => recordOf(position, 1));

/** What a connection does after it gave so many records. */
interface Course {
  readonly gives: number;
  readonly end: "refuses" | "breaks" | "stays";
}

/** Connections of these courses, one after the other; `asked` is where each was to begin. */
function connections(...courses: readonly Course[]) {
  const asked: unknown[] = [];
  const left = [...courses];
  const withLog: WithLog = (use) => {
    const course = left.shift();
    assert.ok(course !== undefined, "one connection more than was to be made");
    const ending = new AbortController();
    const consume: Rabbit["consume"] = async (_queue, { streamOffset }, onDelivery) => {
      asked.push(streamOffset);
      if (course.end === "refuses") throw new Error("404: its master replica may be stopping");
      const first = typeof streamOffset === "number" ? streamOffset : 0;
      for (let offset = first; offset < first + course.gives; offset++) onDelivery(deliveryAt(offset));
      if (course.end === "breaks") ending.abort(new Error("the channel was closed"));
      return { cancel: async () => undefined, close: async () => undefined };
    };
    return use({ consume, ended: ending.signal });
  };
  return { withLog, asked };
}

const deliveryAt = (offset: number) => ({
  content: log[offset] ?? assert.fail(`there is no record ${offset}`),
  streamOffset: offset,
  redelivered: false,
  correlationId: "",
  replyTo: "",
  traceparent: undefined,
  ack: () => undefined,
  requeue: () => undefined,
});

const positionsIn = (reader: LogReader) =>
  reader.lives.map(({ lines }) => lines.map(({ position }) => position));

describe("the whole log, as the checkers read it,", () => {
  it("is read on by another connection where a broker refuses to give it or stops to", async () => {
    const { withLog, asked } = connections(
      { gives: 0, end: "refuses" },
      { gives: 2, end: "breaks" },
      { gives: 0, end: "refuses" },
      { gives: 2, end: "stays" },
    );
    const reader = new LogReader(withLog);
    await reader.readTo(3);
    assert.deepEqual(positionsIn(reader), [[1, 2, 3]]);
    assert.deepEqual(asked, ["first", "first", 1, 1]);
  });
});
