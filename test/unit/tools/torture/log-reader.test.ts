import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogReader, type LogSource, type WithLog } from "../../../../tools/torture/cluster/log-reader.ts";
import { recordOf } from "../../worker/records.ts";

const log = [1, 2, 3].map((position) => recordOf(position, 1));

/** How many records a connection gives, and what it does then; and where the log that it is to ends. */
interface Course {
  readonly gives: number;
  readonly end: "refuses" | "breaks" | "stays";
  readonly last?: number;
}

/** Connections of these courses, one after the other; `asked` is where each was to begin. */
function connections(...courses: readonly Course[]) {
  const asked: unknown[] = [];
  const left = [...courses];
  const withLog: WithLog = (use) => {
    const { gives, end, last = log.length - 1 } = left.shift() ?? assert.fail("one connection too many");
    const ending = new AbortController();
    const consume: LogSource["consume"] = async (_queue, { streamOffset }, onDelivery) => {
      asked.push(streamOffset);
      if (end === "refuses") throw new Error("404: its master replica may be stopping");
      if (streamOffset === "last") onDelivery(deliveryAt(last));
      else {
        const first = typeof streamOffset === "number" ? streamOffset : 0;
        for (let offset = first; offset < first + gives; offset++) onDelivery(deliveryAt(offset));
      }
      if (end === "breaks") ending.abort(new Error("the channel was closed"));
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

const hurried = { quietMs: 5, firstWithinMs: 30, readWithinMs: 5_000 };

/** What is read up to these positions, one after the other, over such connections; and where each of them was to begin. */
async function readingTo(positions: readonly number[], ...courses: readonly Course[]) {
  const { withLog, asked } = connections(...courses);
  const reader = new LogReader(withLog, hurried);
  for (const position of positions) await reader.readTo(position);
  return { lives: positionsIn(reader), asked };
}

describe("the whole log, as the checkers read it,", () => {
  it("is read on by another connection where a broker refuses to give it or stops to", async () => {
    const { lives, asked } = await readingTo(
      [3],
      { gives: 0, end: "refuses" },
      { gives: 2, end: "breaks" },
      { gives: 0, end: "refuses" },
      { gives: 2, end: "stays" },
    );
    assert.deepEqual(lives, [[1, 2, 3]]);
    assert.deepEqual(asked, ["first", "first", 1, 1]);
  });

  it("is read on by another connection where a broker falls silent", async () => {
    const { lives, asked } = await readingTo(
      [3],
      { gives: 0, end: "stays" },
      { gives: 2, end: "stays" },
      { gives: 2, end: "stays" },
    );
    assert.deepEqual(lives, [[1, 2, 3]]);
    assert.deepEqual(asked, ["first", "first", 1]);
  });

  it("is the same log where a broker gives nothing of what others have", async () => {
    const { lives, asked } = await readingTo(
      [2, 3],
      { gives: 2, end: "stays" },
      { gives: 0, end: "stays" },
      { gives: 2, end: "stays" },
    );
    assert.deepEqual(lives, [[1, 2, 3]]);
    assert.deepEqual(asked, ["first", 1, "last", 1]);
  });

  it("is another log where that one ends before what was read of it", async () => {
    const { lives } = await readingTo(
      [3, 1],
      { gives: 3, end: "stays" },
      { gives: 0, end: "stays", last: 0 },
      { gives: 1, end: "stays" },
    );
    assert.deepEqual(lives, [[1, 2, 3], [1]]);
  });
});
